#pragma once

#include "agent/config/config.h"
#include "agent/config/options.h"
#include "collectors/toml/document.h"

namespace pgvigil::agent {

/// Reads [notify], every [receiver.NAME], [[route]], [[inhibit]] and [mute.NAME], and reports names that lead
/// nowhere.
void read_notify(Section& root, const std::string& config_file, Config& config);

// For the documentation.
OptionGroup<notify::NotifySettings> notify_group();
OptionGroup<notify::RouteSettings> route_group();
OptionGroup<notify::InhibitSettings> inhibit_group();
OptionGroup<notify::MuteTimes> mute_group();
/// The keys that every receiver has, beside those of its type.
std::vector<Option<notify::ReceiverSettings>> receiver_options();

}  // namespace pgvigil::agent

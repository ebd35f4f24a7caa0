#pragma once

#include "agent/notify/receivers/receiver.h"

namespace pgvigil::agent::notify {

extern const ReceiverType k_alertmanager;
extern const ReceiverType k_discord;
extern const ReceiverType k_heartbeat;
extern const ReceiverType k_mail;
extern const ReceiverType k_opsgenie;
extern const ReceiverType k_pagerduty;
extern const ReceiverType k_slack;
extern const ReceiverType k_teams;
extern const ReceiverType k_telegram;
extern const ReceiverType k_webhook;

}  // namespace pgvigil::agent::notify

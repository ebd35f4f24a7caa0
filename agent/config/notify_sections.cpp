#include "agent/config/notify_sections.h"

#include <algorithm>

#include "agent/config/server_sections.h"
#include "agent/notify/receivers/receiver.h"
#include "agent/options/kinds.h"

namespace pgvigil::agent {
namespace {

using namespace std::chrono_literals;
using namespace kinds;
using notify::Grouping;
using notify::InhibitSettings;
using notify::MuteTimes;
using notify::NotifySettings;
using notify::ReceiverSettings;
using notify::ReceiverType;
using notify::RouteSettings;

/// A list of texts, each of which `read` must take; the error is its own.
template <typename Target, typename Read>
Option<Target> list(
    std::string_view key, std::string type, std::string preset, std::string_view meaning, Read read) {
  return {key, std::move(type), std::move(preset), meaning, [key, read](Section& section, Target& target) {
            const auto texts = section.strings(key);
            if (!texts) return;
            for (std::size_t i = 0; i < texts->size(); ++i)
              if (const std::string fault = read(target, (*texts)[i], i == 0); !fault.empty())
                section.report_element(key, i, fault);
          }};
}

template <typename Target, typename Place>
Option<Target> matchers(std::string_view key, Place place, std::string_view meaning) {
  return list<Target>(key, "list of matchers", "none", meaning,
                      [place](Target& target, const std::string& text, bool) {
                        const auto matcher = notify::parse_matcher(text);
                        place(target).push_back(text);
                        return matcher ? std::string() : matcher.error();
                      });
}

template <typename Target, typename Place>
Option<Target> names(
    std::string_view key, std::string type, std::string preset, Place place, std::string_view meaning) {
  return list<Target>(key, std::move(type), std::move(preset), meaning,
                      [place](Target& target, const std::string& text, bool first) {
                        if (first) place(target).clear();
                        place(target).push_back(text);
                        return std::string(text.empty() ? "an empty name" : "");
                      });
}

template <typename Target, typename Read, typename Place>
Option<Target> spans(
    std::string_view key, std::string type, Read read, Place place, std::string_view meaning) {
  return list<Target>(key, std::move(type), "any", meaning,
                      [=](Target& target, const std::string& text, bool) {
                        const auto span = read(text);
                        if (!span) return span.error();
                        place(target).push_back(*span);
                        return std::string();
                      });
}

template <typename Target>
void append_grouping(std::vector<Option<Target>>& options) {
  options.push_back(
      {"group_by", "list of labels", "`[\"alertname\", \"cluster\"]`",
       "Alerts with the same values of these are one message; `[\"...\"]`: each alert for itself, `[]`: all "
       "together.",
       [](Section& section, Target& target) {
         if (auto by = section.strings("group_by")) target.grouping.by = std::move(*by);
       }});
  options.push_back(duration<Target>(
      "group_wait", 0ms, [](Target & t) -> auto& { return t.grouping.wait; },
      "How long the first message of a group waits for further alerts."));
  options.push_back(duration<Target>(
      "group_interval", 0ms, [](Target & t) -> auto& { return t.grouping.interval; },
      "Between messages about what changed in a group."));
  options.push_back(duration<Target>(
      "repeat_interval", 1s, [](Target & t) -> auto& { return t.grouping.repeat; },
      "When a group that did not change is told of again."));
}

bool is_receiver(const NotifySettings& settings, const std::string& name) {
  return std::ranges::find(settings.receivers, name, &ReceiverSettings::name) != settings.receivers.end();
}

void check_receivers(Section& section,
                     std::string_view key,
                     const NotifySettings& settings,
                     const std::vector<std::string>& names_) {
  for (std::size_t i = 0; i < names_.size(); ++i)
    if (!is_receiver(settings, names_[i]))
      section.report_element(key, i, "there is no receiver '" + names_[i] + "'",
                             "Write a section [receiver." + names_[i] + "].");
}

void check_mutes(Section& section,
                 std::string_view key,
                 const NotifySettings& settings,
                 const std::vector<std::string>& names_) {
  for (std::size_t i = 0; i < names_.size(); ++i)
    if (std::ranges::find(settings.mutes, names_[i], &MuteTimes::name) == settings.mutes.end())
      section.report_element(key, i, "there are no times '" + names_[i] + "'",
                             "Write a section [mute." + names_[i] + "].");
}

void read_receiver(const std::string& name,
                   Section& section,
                   const std::string& config_file,
                   NotifySettings& settings) {
  ReceiverSettings receiver;
  receiver.name = name;
  std::vector<std::string_view> words;
  for (const ReceiverType* type : notify::receiver_types())
    words.push_back(type->word);
  if (!section.require("type")) return;
  const auto word = section.choice("type", words);
  if (!word) return;
  const ReceiverType& type = *notify::receiver_types()[*word];
  receiver.type = type.word;
  read_options(section, receiver_options(), receiver);
  read_options(section, type.options(), receiver);
  if (type.check != nullptr) type.check(section, receiver);
  for (notify::SecretSource* secret : {&receiver.url, &receiver.token, &receiver.password, &receiver.signing})
    resolve_path(config_file, secret->file);
  resolve_path(config_file, receiver.transport.ca_file);
  section.finish();
  settings.receivers.push_back(std::move(receiver));
}

}  // namespace

std::vector<Option<ReceiverSettings>> receiver_options() {
  using R = ReceiverSettings;
  return {
      boolean<R>(
          "send_resolved", [](R & r) -> auto& { return r.send_resolved; },
          "Whether it is told that alerts are resolved."),
      text<R>(
          "fallback", "receiver", [](R & r) -> auto& { return r.fallback; },
          "Who is told instead while this one cannot be reached, and of messages that it refuses for good.",
          "none"),
      duration<R>(
          "fallback_after", 0ms, [](R & r) -> auto& { return r.fallback_after; },
          "How long it must have been out of reach."),
      text<R>(
          "proxy", "URL", [](R & r) -> auto& { return r.transport.proxy; }, "The proxy on the way.",
          "the environment's `https_proxy`, `http_proxy`, `no_proxy`"),
      text<R>(
          "ca_file", "path", [](R & r) -> auto& { return r.transport.ca_file; },
          "Certificates of authorities (PEM) that are trusted.", "the system's"),
      duration<R>(
          "connect_timeout", 10ms, [](R & r) -> auto& { return r.transport.connect_timeout; },
          "For the connection."),
      duration<R>(
          "timeout", 10ms, [](R & r) -> auto& { return r.transport.timeout; }, "For the whole request.")};
}

OptionGroup<NotifySettings> notify_group() {
  std::vector<Option<NotifySettings>> options = {names<NotifySettings>(
      "receivers", "list of receivers", "all, where there are no routes",
      [](NotifySettings & n) -> auto& { return n.receivers_of_rest; },
      "Who is told of what no route takes.")};
  append_grouping(options);
  options.push_back(duration<NotifySettings>(
      "evidence_wait", 0ms, [](NotifySettings & n) -> auto& { return n.grouping.evidence_wait; },
      "How long a message that is due waits for its evidence; what comes later completes it."));
  options.push_back(duration<NotifySettings>(
      "give_up_after", 1min, [](NotifySettings & n) -> auto& { return n.give_up_after; },
      "What a receiver could not be told of for so long is given up, logged and counted, when it is resolved "
      "meanwhile."));
  return {
      "notify",
      "Who is told of alerts. Without a receiver nobody is. [notifications.md](notifications.md) tells how.",
      std::move(options),
      {}};
}

OptionGroup<RouteSettings> route_group() {
  using T = RouteSettings;
  std::vector<Option<T>> options = {
      matchers<T>(
          "match", [](T & t) -> auto& { return t.match; },
          "All must match: `['severity=\"critical\"', 'datname!~\"test.*\"']`. None: every alert."),
      names<T>(
          "receivers", "list of receivers", "none: nobody is told",
          [](T & t) -> auto& { return t.receivers; }, "Who is told."),
      boolean<T>(
          "continue", [](T & t) -> auto& { return t.goes_on; },
          "Whether later routes are looked at as well.")};
  append_grouping(options);
  options.push_back(names<T>(
      "mute", "list of times", "none", [](T & t) -> auto& { return t.mute; },
      "Names of `[mute.NAME]`: when nobody is told."));
  options.push_back(names<T>(
      "active", "list of times", "none", [](T & t) -> auto& { return t.active; },
      "Names of `[mute.NAME]`: outside of these nobody is told."));
  return {"route",
          "The first route that matches an alert takes it; what is not set is that of `[notify]`.",
          std::move(options),
          {}};
}

OptionGroup<InhibitSettings> inhibit_group() {
  using T = InhibitSettings;
  return {"inhibit",
          "While an alert fires that `source` matches, nobody is told of alerts that `target` matches.",
          {matchers<T>(
               "source", [](T & t) -> auto& { return t.source; },
               "Matchers of the alert that keeps others quiet."),
           matchers<T>(
               "target", [](T & t) -> auto& { return t.target; }, "Matchers of those that it keeps quiet."),
           names<T>(
               "equal", "list of labels", "`[\"instance\"]`", [](T & t) -> auto& { return t.equal; },
               "Labels that must have the same value in both.")},
          [](Section& section, T& inhibition) {
            if (inhibition.source.empty() || inhibition.target.empty())
              section.report_here("[[inhibit]] needs 'source' and 'target'");
          }};
}

OptionGroup<MuteTimes> mute_group() {
  using T = MuteTimes;
  return {
      "mute",
      "Times that come again, for `mute` and `active` of routes. All that is set must hold.",
      {spans<T>(
           "times", "list of spans of the day", notify::parse_time_span,
           [](T & t) -> auto& { return t.minutes; },
           "`[\"22:00-06:00\"]`; over midnight it belongs to the day on which it begins."),
       spans<T>(
           "weekdays", "list of days", notify::parse_weekday_span, [](T & t) -> auto& { return t.weekdays; },
           "`[\"saturday\", \"sunday\"]` or `[\"saturday-sunday\"]`."),
       spans<T>(
           "days_of_month", "list of days", notify::parse_day_span, [](T & t) -> auto& { return t.days; },
           "`[\"1:7\", \"-1\"]`; -1 is the last."),
       spans<T>(
           "months", "list of months", notify::parse_month_span, [](T & t) -> auto& { return t.months; },
           "`[\"december\"]` or `[\"11-2\"]`."),
       text<T>(
           "time_zone", "name", [](T & t) -> auto& { return t.time_zone; },
           "Of the IANA database: `\"Europe/Berlin\"`.", "\"UTC\"")},
      [](Section& section, T& times) {
        if (!notify::is_time_zone(times.time_zone))
          section.report("time_zone", "there is no time zone '" + times.time_zone + "' on this machine",
                         "Names are those of the IANA database; the package tzdata has them.");
      }};
}

void read_notify(Section& root, const std::string& config_file, Config& config) {
  NotifySettings& settings = config.notify;
  if (auto receivers = root.section("receiver"))
    for (auto& [name, section] : receivers->children())
      read_receiver(name, section, config_file, settings);
  if (auto mutes = root.section("mute")) {
    const auto group = mute_group();
    for (auto& [name, section] : mutes->children()) {
      MuteTimes times;
      times.name = name;
      read_options(section, group.options, times);
      group.check(section, times);
      section.finish();
      settings.mutes.push_back(std::move(times));
    }
  }
  if (auto section = root.section("notify")) {
    read_options(*section, notify_group().options, settings);
    check_receivers(*section, "receivers", settings, settings.receivers_of_rest);
    section->finish();
  }
  const auto routes = route_group();
  for (Section& section : root.sections("route")) {
    RouteSettings route{.grouping = settings.grouping};
    read_options(section, routes.options, route);
    check_receivers(section, "receivers", settings, route.receivers);
    check_mutes(section, "mute", settings, route.mute);
    check_mutes(section, "active", settings, route.active);
    section.finish();
    settings.routes.push_back(std::move(route));
  }
  const auto inhibitions = inhibit_group();
  for (Section& section : root.sections("inhibit")) {
    InhibitSettings inhibition;
    read_options(section, inhibitions.options, inhibition);
    inhibitions.check(section, inhibition);
    section.finish();
    settings.inhibitions.push_back(std::move(inhibition));
  }
  if (auto receivers = root.section("receiver"))
    for (auto& [name, section] : receivers->children()) {
      const auto receiver = std::ranges::find(settings.receivers, name, &ReceiverSettings::name);
      if (receiver == settings.receivers.end() || receiver->fallback.empty()) continue;
      if (!is_receiver(settings, receiver->fallback) || receiver->fallback == name)
        section.report("fallback", "there is no other receiver '" + receiver->fallback + "'");
    }
}

}  // namespace pgvigil::agent

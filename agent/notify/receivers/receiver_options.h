#pragma once

#include <memory>
#include <vector>

#include "agent/notify/receivers/receiver.h"
#include "agent/options/kinds.h"
#include "agent/options/variable_name.h"
#include "rules/template/template.h"

/// The keys of receivers that several types have.
namespace pgvigil::agent::notify {

using R = ReceiverSettings;
using ReceiverOptions = std::vector<Option<R>>;

/// NAME_file and NAME_variable, for a secret.
template <typename Place>
void append_secret(ReceiverOptions& options,
                   std::string_view file_key,
                   std::string_view variable_key,
                   Place place,
                   std::string_view meaning) {
  options.push_back(kinds::text<R>(
      file_key, "path", [place](R & r) -> auto& { return place(r).file; }, meaning, "none"));
  options.push_back({variable_key, "string", "none", "The environment variable that holds the same.",
                     [=](Section& section, R& receiver) {
                       auto name = section.string(variable_key);
                       if (!name) return;
                       if (!is_variable_name(*name))
                         return section.report(variable_key,
                                               "'" + std::string(variable_key) + "' is no name of a variable",
                                               "Write the variable's name, not the secret itself.");
                       place(receiver).variable = std::move(*name);
                     }});
}

/// url, url_file and url_variable.
inline void append_url(ReceiverOptions& options, std::string_view meaning) {
  options.push_back({"url", "URL", "none", meaning, [](Section& section, R& receiver) {
                       auto url = section.string("url");
                       if (!url) return;
                       if (!url->starts_with("http://") && !url->starts_with("https://"))
                         return section.report("url", "'url' must begin with http:// or https://");
                       receiver.url.text = Secret(std::move(*url));
                     }});
  append_secret(
      options, "url_file", "url_variable", [](R & r) -> auto& { return r.url; },
      "A file that holds the address; read before each message. The better place for an address that is a "
      "secret.");
}

inline void append_token(ReceiverOptions& options, std::string_view meaning) {
  append_secret(
      options, "token_file", "token_variable", [](R & r) -> auto& { return r.token; }, meaning);
}

/// A list of texts that are not empty.
template <typename Place>
Option<R> texts(std::string_view key, std::string type, Place place, std::string_view meaning) {
  return {key, std::move(type), "none", meaning, [key, place](Section& section, R& receiver) {
            const auto list = section.strings(key);
            if (!list) return;
            for (std::size_t i = 0; i < list->size(); ++i)
              if ((*list)[i].empty()) section.report_element(key, i, "an empty text");
            place(receiver) = *list;
          }};
}

/// A text in the template language.
template <typename Place>
Option<R> template_option(std::string_view key, Place place, std::string_view meaning) {
  return {key, "template", "the receiver's own", meaning, [key, place](Section& section, R& receiver) {
            auto text = section.string(key);
            if (!text) return;
            if (const auto parsed = rules::Template::parse(*text); !parsed)
              return section.report_within(key, parsed.error().offset, parsed.error().message);
            place(receiver) = std::move(*text);
          }};
}

inline Option<R> title_option() {
  return template_option(
      "title", [](R & r) -> auto& { return r.title; }, "The first line, a template.");
}

inline Option<R> body_option() {
  return template_option(
      "body", [](R & r) -> auto& { return r.body; }, "The text about the alerts, a template.");
}

inline Option<R> max_alerts_option() {
  return kinds::integer<R>(
      "max_alerts", 1, 1000, [](R & r) -> auto& { return r.max_alerts; },
      "Alerts that one message shows; it counts the others.");
}

/// What a type of receivers is made by.
template <typename Type>
std::unique_ptr<Receiver> make_receiver(const ReceiverSettings& settings) {
  return std::make_unique<Type>(settings);
}

/// Of a type that writes into a channel behind one address.
inline ReceiverOptions channel_options(std::string_view url_meaning) {
  ReceiverOptions all;
  append_url(all, url_meaning);
  all.push_back(title_option());
  all.push_back(body_option());
  all.push_back(max_alerts_option());
  return all;
}

inline void require_url(Section& section, const R& receiver) {
  if (!receiver.url.is_given())
    section.report_here("the receiver has no address", "Set 'url_file', 'url_variable' or 'url'.");
}

}  // namespace pgvigil::agent::notify

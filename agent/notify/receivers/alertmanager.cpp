// An Alertmanager, which groups, silences and tells by itself: every alert that fires is sent again and
// again, until it is resolved.

#include <algorithm>

#include "agent/notify/message/alert_json.h"
#include "agent/notify/receivers/receiver_options.h"
#include "agent/notify/receivers/receivers.h"

namespace pgvigil::agent::notify {
namespace {

using namespace std::chrono_literals;

class Alertmanager : public Receiver {
 public:
  explicit Alertmanager(const ReceiverSettings& settings) : settings_(settings) {}

  std::vector<transport::Request> render(const Notification& notification,
                                         const Credentials& credentials,
                                         Detail detail) const override {
    const std::string body =
        alertmanager_json(notification, settings_.resolve_timeout, detail == Detail::full);
    std::vector<transport::Request> requests;
    for (std::string url : settings_.urls) {
      while (url.ends_with('/'))
        url.pop_back();
      transport::HttpRequest request{
          "POST", Secret(url + "/api/v2/alerts"), {}, body, settings_.user, credentials.password};
      request.headers.emplace_back("Content-Type", Secret("application/json"));
      if (!credentials.token.empty())
        request.headers.emplace_back("Authorization", Secret("Bearer " + credentials.token.reveal()));
      requests.push_back(std::move(request));
    }
    return requests;
  }

 private:
  ReceiverSettings settings_;
};

ReceiverOptions options() {
  ReceiverOptions all;
  all.push_back({"urls", "list of URLs", "required",
                 "The Alertmanagers of one cluster, without `/api/v2/alerts`. All are told.",
                 [](Section& section, R& receiver) {
                   const auto urls = section.strings("urls");
                   if (!urls) return;
                   for (std::size_t i = 0; i < urls->size(); ++i)
                     if (!(*urls)[i].starts_with("http://") && !(*urls)[i].starts_with("https://"))
                       section.report_element("urls", i, "it must begin with http:// or https://");
                   receiver.urls = *urls;
                 }});
  append_token(all, "A file that holds a token, sent as `Authorization: Bearer`.");
  all.push_back(kinds::text<R>(
      "user", "string", [](R & r) -> auto& { return r.user; }, "The user of basic authentication.", "none"));
  append_secret(
      all, "password_file", "password_variable", [](R & r) -> auto& { return r.password; },
      "A file that holds the password of `user`.");
  all.push_back(kinds::duration<R>(
      "resolve_timeout", 10s, [](R & r) -> auto& { return r.resolve_timeout; },
      "When an alert ends there if pgvigil is heard no more. What fires is sent again after a quarter of "
      "it."));
  return all;
}

}  // namespace

const ReceiverType k_alertmanager{"alertmanager",
                                  "One or more Alertmanagers, which group, silence and tell by themselves.",
                                  {.per_second = 10, .burst = 20, .mirrors = true, .takes_any_peer = true},
                                  options,
                                  [](Section& section, const ReceiverSettings& settings) {
                                    if (settings.urls.empty())
                                      section.report_here("the receiver has no address", "Set 'urls'.");
                                  },
                                  make_receiver<Alertmanager>};

}  // namespace pgvigil::agent::notify

// A dead man's switch (healthchecks.io and the like): hears that all is well, and tells when it hears
// nothing.

#include "agent/notify/message/text.h"
#include "agent/notify/receivers/receiver_options.h"
#include "agent/notify/receivers/receivers.h"

namespace pgvigil::agent::notify {
namespace {

using namespace std::chrono_literals;

/// The note of a notification says what is wrong; none: all is well.
class Heartbeat : public Receiver {
 public:
  explicit Heartbeat(const ReceiverSettings& settings) : settings_(settings) {}

  std::vector<transport::Request> render(const Notification& notification,
                                         const Credentials& credentials,
                                         Detail) const override {
    transport::HttpRequest request{settings_.method, credentials.url};
    if (!notification.note.empty() && !settings_.channel.empty())
      request.url = Secret(credentials.url.reveal() + settings_.channel);
    if (request.method == "POST") {
      request.body = notification.note.empty() ? "ok" : shortened(notification.note, 10'000);
      request.headers.emplace_back("Content-Type", Secret("text/plain; charset=utf-8"));
    }
    return {std::move(request)};
  }

 private:
  ReceiverSettings settings_;
};

ReceiverOptions options() {
  ReceiverOptions all;
  append_url(all, "What is called while all is well.");
  all.push_back({"method", "`POST` or `GET`", "\"POST\"", "The method.", [](Section& section, R& receiver) {
                   static constexpr std::array<std::string_view, 2> k_methods = {"POST", "GET"};
                   if (const auto word = section.choice("method", k_methods))
                     receiver.method = k_methods.at(*word);
                 }});
  all.push_back(kinds::duration<R>(
      "every", 1s, [](R & r) -> auto& { return r.every; }, "How often."));
  all.push_back(kinds::text<R>(
      "fail_suffix", "string", [](R & r) -> auto& { return r.channel; },
      "What stands behind the address when something is wrong, or pgvigil stops: `\"/fail\"` of "
      "healthchecks.io. Without "
      "it nothing is sent then.",
      "none"));
  return all;
}

}  // namespace

const ReceiverType k_heartbeat{
    "heartbeat",
    "A dead man's switch: called only while pgvigil collects, judges and delivers.",
    {.per_second = 1, .burst = 3, .beats = true},
    options,
    require_url,
    make_receiver<Heartbeat>};

}  // namespace pgvigil::agent::notify

#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/notify/figures.h"
#include "agent/notify/http_client.h"
#include "agent/notify/plan.h"
#include "agent/store/alerts.h"
#include "agent/store/store.h"

namespace pgvigil::agent::notify {

/// Something that was decided about a group: why somebody was told, or not.
struct DecisionView {
  Timestamp at;
  std::string receiver;
  std::string group;
  std::string outcome;  ///< "delivered", "waiting", "quiet", or the verdict of a failure
  std::string reason;
  std::size_t alerts = 0;
};

/// Tells the receivers what the judge sees: one thread for each, so that one that hangs holds up no other. Alerts come in
/// the judge's own transaction; what a receiver knows is stored before and after each message, so that nothing is lost
/// with the process. Any thread may ask it.
class Notifier : public TransitionSink {
 public:
  /// `trouble` says why all is not well; empty: a heartbeat may be sent. The store must outlive it.
  Notifier(Store& store, std::function<std::string()> trouble);
  /// Stops.
  ~Notifier() override;
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  /// The receivers and routes from now on; without receivers no thread runs. The first time, what was stored is read.
  void configure(const NotifySettings& settings, std::string external_url);
  /// Heartbeats are told that pgvigil stops; everything else waits for the next start.
  void stop();

  void add(Transaction& transaction, const rules::Rule& rule, const rules::AlertEvent& event, Timestamp at) override;
  void committed() override;

  /// Alerts that fire already when receivers come to be: they are told as well.
  void adopt(const std::vector<rules::Alert>& alerts);

  std::vector<Silence> silences() const;
  /// Adds or replaces it; a new id when it has none. The id, or what is wrong.
  std::expected<std::string, Error> set_silence(Silence silence, Timestamp now);
  /// Ends it now. Error when there is none.
  std::expected<void, Error> expire_silence(const std::string& id, Timestamp now);

  /// The last decisions, newest first.
  std::vector<DecisionView> decisions() const;
  std::vector<ReceiverFigures> figures() const;

 private:
  struct Line;  // one receiver: its thread, its client, its rate limit

  void run(Line& line, const std::stop_token& stop);
  void beat(Line& line, const std::stop_token& stop);
  Timestamp turn(Line& line, const std::stop_token& stop);
  Notification notification_for(const Line& line, const PlannedGroup& group, Timestamp now) const;
  Judgement send(Line& line, const Notification& notification, const std::stop_token& stop, std::string& memory);
  void settle(Line& line, PlannedGroup& group, const Notification& notification, const Judgement& judgement, std::string memory);
  void forget_done(Timestamp now);
  bool save_groups(const std::string& receiver, const std::vector<PlannedGroup>& groups);
  void note_oldest(const std::string& receiver, const std::vector<PlannedGroup>& groups);
  void note_decisions(const std::string& receiver, const std::vector<PlannedGroup>& groups, Timestamp now);
  void note_decision(DecisionView decision);
  Alert* find_alert(const std::string& fingerprint);
  void stop_lines();

  Store& store_;
  const std::function<std::string()> trouble_;
  std::atomic<bool> stopping_ = false;

  mutable std::mutex mutex_;  // guards what follows; never held while the store is waited for
  std::condition_variable_any wake_;
  std::uint64_t news_ = 0;  // counts what a sleeper wakes for
  Policy policy_{{}};
  std::string external_url_;
  World world_;
  std::map<std::string, Alert> uncommitted_;
  std::deque<DecisionView> decisions_;
  std::map<std::pair<std::string, std::string>, std::string> last_reason_;  // by receiver and group
  std::map<std::string, ReceiverFigures> figures_;
  bool loaded_ = false;

  std::vector<std::unique_ptr<Line>> lines_;  // of the thread that configures
};

}  // namespace pgvigil::agent::notify

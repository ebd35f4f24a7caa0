#pragma once

#include <atomic>
#include <expected>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/notify/intake.h"
#include "agent/notify/planning/outlook.h"
#include "agent/notify/planning/standing.h"
#include "agent/notify/shared.h"
#include "agent/notify/silence_book.h"
#include "agent/store/alerts.h"
#include "agent/store/store.h"

namespace pgvigil::agent::notify {

/// Tells the receivers what the judge sees. Alerts come in through Intake; a Sender for each receiver, on a
/// thread of its own so that one that hangs holds up no other, tells it. What a receiver knows is stored
/// before and after each message, so that nothing is lost with the process. Any thread may ask it.
class Notifier : public TransitionSink {
 public:
  /// The store must outlive it.
  Notifier(Store& store, Outlook outlook);
  /// Stops.
  ~Notifier() override;
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  /// The receivers and routes from now on; without receivers no thread runs. Receivers that stay as they are
  /// go on undisturbed; to others, what is under way is finished, if that takes no more than two seconds. The
  /// first time, what was stored is read.
  void configure(const NotifySettings& settings, std::string external_url);
  /// Heartbeats are told that pgvigil stops; everything else waits for the next start.
  void stop();

  void add(Transaction& transaction,
           const rules::Rule& rule,
           const rules::AlertEvent& event,
           Timestamp at) override;
  void committed() override { intake_.committed(); }
  /// Alerts of a rule that fire already when receivers come to be: they are told as well.
  void adopt(const rules::Rule& rule, const std::vector<rules::Alert>& alerts, Timestamp now) {
    intake_.adopt(rule, alerts, now);
  }

  SilenceBook& silences() { return silences_; }
  const SilenceBook& silences() const { return silences_; }
  /// The last decisions, newest first.
  std::vector<DecisionView> decisions() const;
  /// How every alert stands with every receiver now.
  std::vector<GroupStanding> standings(Timestamp now) const;
  NotifierFigures figures() const;
  /// The alerts that are told of, and what was seen behind them.
  std::vector<Alert> alerts() const;

 private:
  struct Line;  // a receiver, and the thread that tells it
  using Lines = std::vector<std::unique_ptr<Line>>;

  void load();
  std::unique_ptr<Line> begin(const ReceiverSettings& receiver);

  Store& store_;
  const Outlook outlook_;
  std::atomic<bool> stopping_ = false;
  mutable Shared shared_;
  Intake intake_;
  SilenceBook silences_;
  bool loaded_ = false;    // of the thread that configures
  Lines lines_;            // the same
  std::jthread gatherer_;  // the same; while there is a receiver
};

}  // namespace pgvigil::agent::notify

#include "collectors/backups/source_watch.h"

#include <algorithm>
#include <exception>

#include "collectors/backups/files/proof_cache.h"
#include "collectors/backups/judging/runs.h"
#include "collectors/backups/surroundings/location.h"
#include "collectors/backups/tools/reader.h"

namespace pgvigil::backups {
namespace {

using std::chrono::steady_clock;

/// The server is asked a small question; when it does not answer, the backups are judged without.
constexpr std::chrono::seconds k_server_patience{5};
/// What the reading of a file system may take beyond the tool's time.
constexpr std::chrono::seconds k_grace{5};

/// Databases are measured this often: it looks at every file.
constexpr std::chrono::hours k_sizes_every{1};
/// Of one run; then every second one is forgotten.
constexpr std::size_t k_most_progress = 500;

/// Files of others are behind it: what nobody has thought of is trouble of this source, and ends nothing
/// else.
Reading reading_of(const Look& look) {
  try {
    return read_source(look);
  } catch (const std::exception& fault) {
    Reading none;
    none.stanza = look.source.stanza;
    none.trouble = Trouble{Reason::tool_failed, std::string("its files could not be read: ") + fault.what()};
    return none;
  }
}

}  // namespace

SourceWatch::SourceWatch(Source source, std::optional<postgres::ConnectionSettings> server, Fetch fetch)
    : source_(std::move(source)),
      server_settings_(std::move(server)),
      proofs_(std::make_shared<ProofCache>()),
      fetch_(std::move(fetch)),
      errand_(std::make_unique<collectors::Errand>()) {}

SourceWatch::~SourceWatch() {
  leaving_.request_stop();
}

SourceWatch::Found SourceWatch::find_out(const Source& source,
                                         const std::optional<postgres::ConnectionSettings>& server,
                                         const std::shared_ptr<ProofCache>& proofs,
                                         const Fetch& fetch,
                                         Ask ask,
                                         Deadline deadline,
                                         const std::stop_token& stop) {
  Found found;
  const postgres::Interrupt interrupt;
  const auto patience = std::min(deadline, steady_clock::now() + k_server_patience);
  if (server)
    if (auto live = read_live_server(*server, interrupt, patience, ask)) found.server = std::move(*live);
  Look look{source,
            source.wal_segment_size ? std::optional(source.wal_segment_size->count) : std::nullopt,
            std::chrono::system_clock::now(),
            deadline,
            stop,
            proofs,
            fetch};
  if (!look.segment_size && found.server && found.server->wal_segment_size > 0)
    look.segment_size = found.server->wal_segment_size;
  found.reading = reading_of(look);
  proofs->sweep();
  find_places(source, found.server ? found.server->data_directory : "", found.reading);
  if (!source.drills.empty()) found.drills = read_drills(source.drills);
  return found;
}

void SourceWatch::look(Timestamp now, Deadline deadline, const std::stop_token& stop) {
  const auto start = steady_clock::now();
  if (next_look_ && start < *next_look_) return;
  next_look_ = start + source_.every;
  const Deadline tool_deadline = std::min(start + source_.timeout, deadline - k_grace);
  const std::stop_callback leave(stop, [this] { leaving_.request_stop(); });
  const Ask ask = !next_sizes_ || start >= *next_sizes_ ? Ask::facts_and_sizes : Ask::facts;
  auto found = errand_->run<Found>(
      [source = source_, server = server_settings_, proofs = proofs_, fetch = fetch_, ask, tool_deadline,
       leaving = leaving_.get_token()] {
        return find_out(source, server, proofs, fetch, ask, tool_deadline, leaving);
      },
      std::min(tool_deadline + k_grace, deadline), stop);
  if (stop.stop_requested()) return;
  look_seconds_ = std::chrono::duration<double>(steady_clock::now() - start).count();
  take(std::move(found), now);
}

void SourceWatch::take(std::optional<Found> found, Timestamp now) {
  looked_at_ = now;
  if (!found) {
    reading_ = {};
    reading_.stanza = source_.stanza;
    reading_.trouble = Trouble{Reason::timed_out, "the files of the source do not answer"};
    return;
  }
  reading_ = std::move(found->reading);
  drills_ = std::move(found->drills);
  take_server(std::move(found->server));
  take_run(now);
}

/// Between two measurements the last one stands.
void SourceWatch::take_server(std::optional<LiveServer> server) {
  if (server && server->database_sizes.empty() && server_)
    server->database_sizes = std::move(server_->database_sizes);
  else if (server && !server->database_sizes.empty())
    next_sizes_ = steady_clock::now() + k_sizes_every;
  server_ = std::move(server);
}

void SourceWatch::take_run(Timestamp now) {
  const Run run = run_of(source_.tool, reading_.activity, server_ ? &*server_ : nullptr);
  if (run.count == 0) {
    running_since_.reset();
    progress_.clear();
    return;
  }
  // Where nobody tells since when, what we have not seen may have begun earlier.
  const bool is_another = run.since && running_since_ && *run.since > *running_since_;
  if (is_another) progress_.clear();
  if (!running_since_ || run.since) running_since_ = run.since.value_or(now);
  attempt_seen_ = running_since_;
  if (!run.size || !run.done) return;
  if (!progress_.empty() && *run.done < progress_.back().done) progress_.clear();
  progress_.push_back({now, *run.done, *run.size});
  if (progress_.size() <= k_most_progress) return;
  std::size_t at = 0;
  std::erase_if(progress_, [&](const Progress&) { return at++ % 2 == 1; });
}

std::vector<Verdict> SourceWatch::verdicts(Timestamp now) const {
  if (!looked_at_) return {};
  return judge(
      {source_, reading_, server_ ? &*server_ : nullptr, drills_, running_since_, progress_, attempt_seen_},
      now);
}

}  // namespace pgvigil::backups

#include "collectors/backups/source_watch.h"

#include "collectors/backups/files/proof_cache.h"
#include "collectors/backups/surroundings/location.h"
#include "collectors/backups/tools/reader.h"

namespace pgvigil::backups {
namespace {

using std::chrono::steady_clock;

/// The server is asked a small question; when it does not answer, the backups are judged without.
constexpr std::chrono::seconds k_server_patience{5};
/// What the reading of a file system may take beyond the tool's time.
constexpr std::chrono::seconds k_grace{5};

bool is_running(const Reading& reading) {
  return reading.activity.backup;
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
                                         Deadline deadline,
                                         const std::stop_token& stop) {
  Found found;
  const postgres::Interrupt interrupt;
  const auto patience = std::min(deadline, steady_clock::now() + k_server_patience);
  if (server)
    if (auto live = read_live_server(*server, interrupt, patience)) found.server = std::move(*live);
  Look look{source, source.wal_segment_size ? std::optional(source.wal_segment_size->count) : std::nullopt,
            std::chrono::system_clock::now(), deadline, stop, proofs, fetch};
  if (!look.segment_size && found.server) look.segment_size = found.server->wal_segment_size;
  found.reading = read_source(look);
  proofs->sweep();
  if (found.server) find_same_volume(source, found.server->data_directory, found.reading);
  if (!source.drills.empty()) found.drills = read_drills(source.drills);
  return found;
}

void SourceWatch::look(Timestamp now, Deadline deadline, const std::stop_token& stop) {
  const auto start = steady_clock::now();
  if (next_look_ && start < *next_look_) return;
  next_look_ = start + source_.every;
  const Deadline tool_deadline = std::min(start + source_.timeout, deadline - k_grace);
  const std::stop_callback leave(stop, [this] { leaving_.request_stop(); });
  auto found = errand_->run<Found>(
      [source = source_, server = server_settings_, proofs = proofs_, fetch = fetch_, tool_deadline,
       leaving = leaving_.get_token()] {
        return find_out(source, server, proofs, fetch, tool_deadline, leaving);
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
  server_ = std::move(found->server);
  // The tool does not tell since when: what we have not seen may have begun earlier.
  if (!is_running(reading_))
    running_since_.reset();
  else if (!running_since_)
    running_since_ = now;
}

std::vector<Verdict> SourceWatch::verdicts(Timestamp now) const {
  if (!looked_at_) return {};
  return judge({source_, reading_, server_ ? &*server_ : nullptr, drills_, running_since_}, now);
}

}  // namespace pgvigil::backups

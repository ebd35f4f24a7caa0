#include "agent/runtime/investigator.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <utility>

#include "collectors/postgres/connection.h"

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

/// All questions of one moment, and the session in which they are asked.
constexpr auto k_longest_look = 10s;
constexpr std::chrono::milliseconds k_longest_connect = 2s;

/// A session for one question after the other, in the database that each is about. Where the server has no room for one, the
/// session that the collectors hold is asked: who holds all connections is wanted just then.
class Interview {
 public:
  Interview(const Watch& watch, const postgres::ServerFacts& facts, const std::stop_token& stop)
      : watch_(watch), server_(watch.server()), facts_(facts), stop_(stop), raise_(stop, [this] { interrupt_.raise(); }) {}

  evidence::Look ask(const evidence::Definition& definition, const std::string& database) {
    if (steady_clock::now() >= end_) return Error{ErrorKind::timed_out, "there was no time left"};
    if (refused_) return ask_held_session(definition, database);
    if (!session_ || !session_->usable() || database != database_) {
      if (auto error = open(database)) return refused_ ? ask_held_session(definition, database) : *error;
    }
    return ask_in(*session_, definition);
  }

 private:
  evidence::Look ask_in(postgres::Connection& session, const evidence::Definition& definition) const {
    return evidence::look(definition, facts_, session, {server_.lock_timeout},
                          std::min(end_, steady_clock::now() + definition.asks.timeout));
  }

  evidence::Look ask_held_session(const evidence::Definition& definition, const std::string& database) const {
    evidence::Look look = *refused_;
    const bool is_there = database.empty() || database == facts_.database;
    if (is_there && refused_->kind == ErrorKind::too_many_connections)
      watch_.lend([&](postgres::Connection& session) { look = ask_in(session, definition); }, end_, stop_);
    return look;
  }

  std::optional<Error> open(const std::string& database) {
    session_.reset();  // before the next: never two
    auto opened = postgres::Connection::open(
        server_.connection, interrupt_,
        std::min(end_, steady_clock::now() + std::min(k_longest_connect, server_.connect_timeout)), database);
    if (opened) {
      session_ = std::move(*opened);
      database_ = database;
      return std::nullopt;
    }
    // What is wrong with one database says nothing about the others.
    if (database.empty() || opened.error().kind == ErrorKind::too_many_connections) refused_ = opened.error();
    return opened.error();
  }

  const Watch& watch_;
  const ServerConfig& server_;
  const postgres::ServerFacts& facts_;
  const std::stop_token stop_;
  const Deadline end_ = steady_clock::now() + k_longest_look;
  postgres::Interrupt interrupt_;
  std::stop_callback<std::function<void()>> raise_;
  std::optional<postgres::Connection> session_;
  std::string database_;
  std::optional<Error> refused_;
};

/// The evidence to which what pgvigil itself has seen belongs, and how far back it goes.
constexpr std::string_view k_changes = "changes";
constexpr std::chrono::hours k_lately{1};

std::optional<long> seconds_of(const std::vector<std::optional<std::string>>& row) {
  return row.back() ? std::optional(std::strtol(row.back()->c_str(), nullptr, 10)) : std::nullopt;
}

/// What the server says of its changes, and what was seen of them from here, the newest first; the latter also when the
/// server gives no answer.
evidence::Look with_changes(evidence::Look look, const evidence::Definition& definition, const StatusBoard& board) {
  const Timestamp now = std::chrono::system_clock::now();
  const auto notes = board.changes(now - k_lately);
  if (notes.empty()) return look;
  evidence::Evidence seen{.name = definition.asks.name, .title = definition.asks.help, .columns = definition.columns, .taken_at = now};
  if (auto* of_server = std::get_if<evidence::Evidence>(&look)) seen = std::move(*of_server);
  for (const ChangeNote& note : notes) {
    const auto ago = std::chrono::duration_cast<std::chrono::seconds>(now - note.at);
    seen.rows.push_back({note.what, note.name, std::to_string(std::max<long>(ago.count(), 0))});
  }
  std::ranges::stable_sort(seen.rows, [](const auto& one, const auto& other) {
    const auto left = seconds_of(one);
    const auto right = seconds_of(other);
    return left && (!right || *left < *right);
  });
  if (seen.rows.size() > definition.rows) {
    seen.left_out += seen.rows.size() - definition.rows;
    seen.rows.resize(definition.rows);
  }
  return seen;
}

}  // namespace

void Investigator::configure(std::shared_ptr<const Config> config, std::shared_ptr<const WatchList> watches) {
  const std::lock_guard lock(mutex_);
  config_ = std::move(config);
  watches_ = std::move(watches);
}

std::shared_ptr<Watch> Investigator::watch_of(const std::string& server) const {
  const std::lock_guard lock(mutex_);
  if (watches_)
    for (const auto& watch : *watches_)
      if (watch->server().kind == ServerKind::postgres && watch->server().name == server) return watch;
  return nullptr;
}

const evidence::Definition* Investigator::definition_of(const notify::Question& question) const {
  const auto found =
      std::ranges::find(definitions_, question.evidence, [](const auto& each) -> const std::string& { return each.asks.name; });
  return found == definitions_.end() ? nullptr : &*found;
}

std::vector<evidence::Look> Investigator::look(const std::string& server,
                                               const std::vector<notify::Question>& questions,
                                               const std::stop_token& stop) {
  const std::lock_guard lock(one_at_a_time_);
  const auto watch = watch_of(server);
  if (!watch)
    return std::vector<evidence::Look>(questions.size(), Error{ErrorKind::configuration, "the server is not watched any more"});
  const ServerStatus status = watch->board().server();
  std::optional<Error> trouble = status.trouble;
  if (!trouble && !status.facts) trouble = Error{ErrorKind::unreachable, "the server has not answered yet"};
  std::optional<Interview> interview;
  if (!trouble) interview.emplace(*watch, *status.facts, stop);
  std::vector<evidence::Look> looks;
  for (const notify::Question& question : questions) {
    const evidence::Definition* definition = definition_of(question);
    if (definition == nullptr) {
      looks.emplace_back(Error{ErrorKind::configuration, "there is no evidence '" + question.evidence + "'"});
      continue;
    }
    looks.push_back(interview ? interview->ask(*definition, question.database) : evidence::Look(*trouble));
    if (question.evidence == k_changes) looks.back() = with_changes(std::move(looks.back()), *definition, watch->board());
  }
  return looks;
}

}  // namespace pgvigil::agent

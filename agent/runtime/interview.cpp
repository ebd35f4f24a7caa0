#include "agent/runtime/interview.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds k_longest_connect = 2s;

}  // namespace

Interview::Interview(const Watch& watch,
                     const postgres::ServerFacts& facts,
                     Deadline end,
                     const std::stop_token& stop)
    : watch_(watch), server_(watch.server()), facts_(facts), stop_(stop), end_(end), raise_(stop, [this] {
        interrupt_.raise();
      }) {}

evidence::Look Interview::ask(const evidence::Definition& definition, const std::string& database) {
  if (steady_clock::now() >= end_) return Error{ErrorKind::timed_out, "there was no time left"};
  if (refused_) return ask_held_session(definition, database);
  if (!session_ || !session_->usable() || database != database_) {
    if (auto error = open(database)) return refused_ ? ask_held_session(definition, database) : *error;
  }
  return ask_in(*session_, definition);
}

evidence::Look Interview::ask_in(postgres::Connection& session,
                                 const evidence::Definition& definition) const {
  return evidence::look(definition, facts_, session, {server_.lock_timeout},
                        std::min(end_, steady_clock::now() + definition.asks.timeout));
}

evidence::Look Interview::ask_held_session(const evidence::Definition& definition,
                                           const std::string& database) const {
  evidence::Look look = *refused_;
  const bool is_there = database.empty() || database == facts_.database;
  if (is_there && refused_->kind == ErrorKind::too_many_connections)
    watch_.lend([&](postgres::Connection& session) { look = ask_in(session, definition); }, end_, stop_);
  return look;
}

std::optional<Error> Interview::open(const std::string& database) {
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

}  // namespace pgvigil::agent

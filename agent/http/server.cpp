#include "agent/http/server.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "agent/http/connection_loop.h"
#include "agent/http/listener.h"
#include "agent/http/protocol.h"
#include "agent/http/work_queue.h"

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds k_farewell{250};

/// Wakes a thread that waits in poll(2).
class Wake {
 public:
  Wake() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Wake() { close(descriptor_); }
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  int descriptor() const { return descriptor_; }
  void notify() const { (void)eventfd_write(descriptor_, 1); }
  void clear() const {
    eventfd_t count = 0;
    (void)eventfd_read(descriptor_, &count);
  }

 private:
  int descriptor_;
};

}  // namespace

class Server::Implementation {
 public:
  Implementation(Listener listener, HttpLimits limits)
      : limits_(limits), listener_(std::move(listener)), port_(listener_->port()) {}
  ~Implementation() { stop(); }
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  int port() const { return port_; }

  void start(std::vector<Route> routes, HttpObserver observer) {
    observer_ = std::move(observer);
    router_.emplace(std::move(routes));
    for (std::size_t i = 0; i < limits_.threads; ++i)
      workers_.emplace_back([this] { handle_requests(quick_); });
    for (std::size_t i = 0; i < limits_.slow_threads; ++i)
      workers_.emplace_back([this] { handle_requests(slow_); });
    loop_thread_ = std::jthread([this] { run_loop(); });
  }

  void stop() {
    const std::lock_guard one_at_a_time(stop_mutex_);
    stopping_ = true;
    wake_.notify();
    if (loop_thread_.joinable()) loop_thread_.join();
    quick_.close();
    slow_.close();
    workers_.clear();
    returned_.clear();
    listener_.reset();
  }

 private:
  struct Pending {
    std::unique_ptr<Connection> connection;
    std::optional<Refusal> refusal = {};
  };

  void run_loop() {
    ConnectionLoop loop(
        *listener_, limits_, [this](std::unique_ptr<Connection> connection) { queue(std::move(connection)); },
        [this](CloseReason reason) {
          if (observer_.closed) observer_.closed(reason);
        },
        [this](std::string_view head) { return router_->body_room(head); });
    while (!stopping_)
      turn(loop, steady_clock::time_point::max());

    loop.accept_clients(false);
    for (const auto until = steady_clock::now() + k_farewell; steady_clock::now() < until;) {
      loop.close_waiting();
      if (!loop.busy()) break;
      turn(loop, until);
    }
  }

  void turn(ConnectionLoop& loop, Deadline until) {
    loop.wait(wake_.descriptor(), until);
    wake_.clear();
    std::vector<std::unique_ptr<Connection>> returned;
    {
      const std::lock_guard lock(mutex_);
      returned.swap(returned_);
    }
    for (auto& connection : returned)
      loop.take_back(std::move(connection), steady_clock::now());
  }

  /// Slow requests wait for threads of their own, and take no more than half of the connections for it.
  void queue(std::unique_ptr<Connection> connection) {
    if (router_->lane(connection->head()) == Lane::quick) return quick_.add({std::move(connection)});
    if (slow_.size() < limits_.max_connections / 2) return slow_.add({std::move(connection)});
    quick_.add(
        {std::move(connection), Refusal{503, "too many requests of this kind wait; come again later"}});
  }

  void handle_requests(WorkQueue<Pending>& requests) {
    Protocol protocol(*router_);
    while (auto pending = requests.next()) {
      const auto complete_at = pending->connection->since();
      const Answer answer = answered(protocol, *pending);
      const auto now = steady_clock::now();
      if (observer_.answered)
        observer_.answered(answer.route, answer.status,
                           std::chrono::duration<double>(now - complete_at).count());
      {
        const std::lock_guard lock(mutex_);
        returned_.push_back(std::move(pending->connection));
      }
      wake_.notify();
    }
  }

  /// Answers, and returns the answer without its reply, which the connection has.
  Answer answered(Protocol& protocol, const Pending& pending) {
    Connection& connection = *pending.connection;
    Answer answer;
    // Out of memory, most likely: this client gets nothing, the next one may.
    try {
      RawRequest request = connection.take_request();
      if (pending.refusal && !request.facts.refusal) request.facts.refusal = pending.refusal;
      answer = protocol.answer(request, [&] { return stopping_ || connection.hung_up(); });
    } catch (...) {
      answer = {.reply = {}, .route = "other", .status = 500};
    }
    connection.send(std::exchange(answer.reply, {}), steady_clock::now());
    return answer;
  }

  const HttpLimits limits_;
  HttpObserver observer_;
  std::optional<Listener> listener_;
  const int port_;
  std::optional<Router> router_;
  Wake wake_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> returned_;  // by the workers; guarded by mutex_
  std::mutex stop_mutex_;
  WorkQueue<Pending> quick_;
  WorkQueue<Pending> slow_;
  std::vector<std::jthread> workers_;
  std::jthread loop_thread_;
};

Server::Server(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Server::~Server() = default;

std::expected<std::unique_ptr<Server>, Error> Server::bind(const std::string& host,
                                                           int port,
                                                           HttpLimits limits) {
  auto listener = Listener::bind(host, port);
  if (!listener) return std::unexpected(std::move(listener.error()));
  return std::unique_ptr<Server>(new Server(std::make_unique<Implementation>(std::move(*listener), limits)));
}

std::expected<std::unique_ptr<Server>, Error> Server::adopt(int descriptor, HttpLimits limits) {
  auto listener = Listener::adopt(descriptor);
  if (!listener) return std::unexpected(std::move(listener.error()));
  return std::unique_ptr<Server>(new Server(std::make_unique<Implementation>(std::move(*listener), limits)));
}

void Server::start(std::vector<Route> routes, HttpObserver observer) {
  implementation_->start(std::move(routes), std::move(observer));
}

void Server::stop() {
  implementation_->stop();
}

int Server::port() const {
  return implementation_->port();
}

}  // namespace pgvigil::agent

#include "agent/runtime/own_metrics.h"

#include <algorithm>
#include <ctime>
#include <utility>
#include <vector>

namespace pgvigil::agent {
namespace {

/// What is older is rendered anew by whoever asks.
constexpr std::chrono::seconds k_age{1};
/// So that it never gets there while scrapes come in.
constexpr std::chrono::milliseconds k_ahead{800};
/// Scrapes come in as long as the last is not older: Prometheus's longest usual interval.
constexpr std::chrono::minutes k_in_use{1};
/// Rendering ahead takes at most this part of a core.
constexpr int k_share = 100;

Fragment fragment_from(std::string_view text) {
  FragmentWriter writer;
  writer.append(text);
  return std::move(writer).finish();
}

/// What this thread has computed until now. The time that it waited for a processor is no cost: on a machine
/// that has none to spare it made the metrics older and older.
std::chrono::nanoseconds thread_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::vector<WatchedServer> servers_of(const WatchList& watches) {
  std::vector<WatchedServer> servers;
  for (const auto& watch : watches)
    servers.push_back({watch->labels(), watch->board()});
  return servers;
}

}  // namespace

OwnMetrics::OwnMetrics(SelfMetrics& self)
    : self_(self),
      input_{{}, std::make_shared<const WatchList>()},
      ahead_([this](const std::stop_token& stop) { render_ahead(stop); }) {}

OwnMetrics::~OwnMetrics() = default;

void OwnMetrics::configure(OwnSettings settings, std::shared_ptr<const WatchList> watches) {
  const std::lock_guard lock(mutex_);
  input_ = {std::move(settings), std::move(watches)};
  ++configured_;
  for (Rendering& rendering : renderings_)
    rendering.fragment = nullptr;
}

std::shared_ptr<const Fragment> OwnMetrics::fragment(Format format) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  Rendering& rendering = renderings_[static_cast<std::size_t>(format)];
  // While rendering is dear it is done less often than it is asked for.
  if (!rendering.fragment ||
      now - rendering.rendered_at >= std::max<Clock::duration>(k_age, rendering.cost * k_share * 2))
    rendering = rendered(format, input_);
  rendering.asked_at = now;
  asked_.notify_all();
  return rendering.fragment;
}

std::shared_ptr<const Fragment> OwnMetrics::fragment_of(Format format, const WatchList& watches) {
  OwnSettings settings;
  {
    const std::lock_guard lock(mutex_);
    settings = input_.settings;
  }
  return std::make_shared<const Fragment>(
      fragment_from(SelfMetrics::render_servers(servers_of(watches), settings_for(format, settings))));
}

std::vector<OwnFamily> OwnMetrics::families() {
  Input input;
  {
    const std::lock_guard lock(mutex_);
    input = input_;
  }
  return self_.families(servers_of(*input.watches), settings_for(Format::text, input.settings));
}

/// When the next rendering is due; far ahead while nobody asks.
OwnMetrics::Clock::time_point OwnMetrics::due(Clock::time_point now) const {
  auto next = Clock::time_point::max();
  for (const Rendering& rendering : renderings_)
    if (rendering.fragment && now - rendering.asked_at < k_in_use)
      next = std::min(next,
                      rendering.rendered_at + std::max<Clock::duration>(k_ahead, rendering.cost * k_share));
  return next;
}

void OwnMetrics::render_ahead(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto now = Clock::now();
    const auto next = due(now);
    if (next > now) {
      // Far ahead is not "never" to every clock.
      if (next == Clock::time_point::max())
        asked_.wait(lock, stop, [&] { return due(Clock::now()) != Clock::time_point::max(); });
      else
        asked_.wait_until(lock, stop, next, [] { return false; });
      continue;
    }
    for (const Format format : {Format::text, Format::openmetrics}) {
      const auto index = static_cast<std::size_t>(format);
      if (!renderings_[index].fragment || now - renderings_[index].asked_at >= k_in_use) continue;
      const Input input = input_;
      const auto configured = configured_;
      lock.unlock();
      Rendering fresh = rendered(format, input);
      lock.lock();
      if (configured != configured_) break;
      fresh.asked_at = renderings_[index].asked_at;
      renderings_[index] = std::move(fresh);
    }
  }
}

OwnMetrics::Rendering OwnMetrics::rendered(Format format, const Input& input) const {
  const auto start = thread_time();
  const RenderSettings settings = settings_for(format, input.settings);
  const std::string text =
      SelfMetrics::render_servers(servers_of(*input.watches), settings) + self_.render_process(settings);
  auto fragment = std::make_shared<const Fragment>(fragment_from(text));
  return {std::move(fragment), Clock::now(), {}, thread_time() - start};
}

RenderSettings OwnMetrics::settings_for(Format format, const OwnSettings& settings) const {
  return {format, settings.constant_labels, settings.up_interval, settings.generation};
}

}  // namespace pgvigil::agent

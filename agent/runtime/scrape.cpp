#include "agent/runtime/scrape.h"

#include <algorithm>

namespace pgvigil::agent {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds k_own_metrics_age{1};
constexpr std::string_view k_openmetrics_end = "# EOF\n";

Fragment fragment_of(std::string_view text) {
  FragmentWriter writer;
  writer.append(text);
  return std::move(writer).finish();
}

const std::shared_ptr<const Fragment>& openmetrics_end() {
  static const auto end = std::make_shared<const Fragment>(fragment_of(k_openmetrics_end));
  return end;
}

using Fragments = std::vector<std::shared_ptr<const Fragment>>;

void add(ScrapeBody& body, std::shared_ptr<const std::string> piece) {
  body.size += piece->size();
  body.pieces.push_back(std::move(piece));
}

ScrapeBody gzipped(const Fragments& fragments) {
  ScrapeBody body;
  std::vector<const Fragment*> pointers;
  add(body, std::make_shared<const std::string>(gzip_head()));
  for (const auto& fragment : fragments) {
    pointers.push_back(fragment.get());
    // Shares the fragment's life: the bytes are not copied.
    add(body, std::shared_ptr<const std::string>(fragment, &fragment->deflated));
  }
  add(body, std::make_shared<const std::string>(gzip_tail(pointers)));
  return body;
}

ScrapeBody plain(const Fragments& fragments) {
  ScrapeBody body;
  for (const auto& fragment : fragments) add(body, std::make_shared<const std::string>(inflated(*fragment)));
  return body;
}

}  // namespace

void Scraper::configure(ScrapeSettings settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
  own_ = {};
}

ScrapeBody Scraper::scrape(const ScrapeRequest& request) {
  const auto now = steady_clock::now();
  const auto wanted = [&](const std::string& collector) {
    return request.collectors.empty() || std::ranges::find(request.collectors, collector) != request.collectors.end();
  };
  Fragments fragments;
  for (const auto& published : snapshot_.view_for_scrape(request.format, now))
    if (wanted(published->collector())) fragments.push_back(published->fragment(request.format));
  if (request.collectors.empty()) fragments.push_back(own_fragment(request.format, now));
  if (request.format == Format::openmetrics) fragments.push_back(openmetrics_end());
  return request.gzip ? gzipped(fragments) : plain(fragments);
}

std::shared_ptr<const Fragment> Scraper::own_fragment(Format format, steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  OwnFragment& own = own_[static_cast<std::size_t>(format)];
  if (!own.fragment || now - own.rendered_at >= k_own_metrics_age) {
    const std::string text =
        self_.render(board_, settings_.up_interval, settings_.generation, format, settings_.constant_labels);
    own = {now, std::make_shared<const Fragment>(fragment_of(text))};
  }
  return own.fragment;
}

}  // namespace pgvigil::agent

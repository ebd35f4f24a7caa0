#include "agent/runtime/supervisor/supervisor_pages.h"

#include <chrono>

#include "agent/http/request_head.h"
#include "agent/runtime/supervisor/worker_up.h"
#include "agent/watching/exposition/exposition.h"

namespace pgvigil::agent {
namespace {

struct Page {
  std::string_view status;
  std::string_view content_type;
  std::string text;
};

constexpr std::string_view k_plain = "text/plain; charset=utf-8";
constexpr std::size_t k_max_headers = 64;

double seconds_until_start(const WorkerHistory& history, Deadline now) {
  return std::max(0.0, std::chrono::duration<double>(history.next_start() - now).count());
}

void append_gauge(std::string& text, std::string_view name, std::string_view help, double value) {
  append_family_head(text, Format::text, name, "gauge", help);
  text.append(name).append(" ");
  append_number(text, value);
  text += '\n';
}

std::string metrics(const WorkerHistory& history, Deadline now) {
  std::string text;
  append_gauge(text, k_worker_up, k_worker_up_help, 0);
  append_family_head(
      text, Format::text, "pgvigil_worker_restarts_total", "counter",
      "Workers that died and were replaced by the supervisor since the start of the container.");
  text += "pgvigil_worker_restarts_total " + std::to_string(history.restarts()) + "\n";
  append_gauge(text, "pgvigil_worker_start_delay_seconds",
               "Time until the supervisor starts the next worker.", seconds_until_start(history, now));
  if (const auto end = history.last_end()) {
    const auto [kind, code] = exit_labels(*end);
    append_family_head(text, Format::text, "pgvigil_worker_last_exit_info", "gauge",
                       "How the last worker ended: by itself with an exit status, or by a signal.");
    text += "pgvigil_worker_last_exit_info{kind=\"" + kind + "\",code=\"" + code + "\"} 1\n";
  }
  return text;
}

/// The path of a request that is well formed and reads, or nothing.
std::string_view path_of(std::string_view head) {
  if (const HeadFacts facts = inspect_head(head, k_max_headers); facts.refusal || facts.announces_body())
    return {};
  const auto [method, target] = request_line(head);
  if (method != "GET" && method != "HEAD") return {};
  return target.substr(0, target.find('?'));
}

Page page_of(std::string_view path, const WorkerHistory& history, Deadline now) {
  if (path == "/livez") return {"200 OK", k_plain, "alive; the worker is being restarted\n"};
  if (path == "/metrics") return {"200 OK", content_type(Format::text), metrics(history, now)};
  if (path.empty()) return {"400 Bad Request", k_plain, "not a request that can be answered now\n"};
  return {"503 Service Unavailable", k_plain,
          "the worker is being restarted; /livez and /metrics answer meanwhile\n"};
}

}  // namespace

Reply supervisor_reply(std::string_view head, const WorkerHistory& history, Deadline now) {
  Page page = page_of(path_of(head), history, now);
  Reply reply;
  // Closed after each answer, so that clients come to the next worker when it is there.
  reply.head.append("HTTP/1.1 ").append(page.status);
  reply.head.append("\r\nContent-Type: ").append(page.content_type);
  reply.head.append("\r\nContent-Length: ").append(std::to_string(page.text.size()));
  reply.head.append("\r\nConnection: close\r\n\r\n");
  if (!head.starts_with("HEAD "))
    reply.body.push_back(std::make_shared<const std::string>(std::move(page.text)));
  return reply;
}

}  // namespace pgvigil::agent

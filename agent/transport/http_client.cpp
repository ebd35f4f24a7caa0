#include "agent/transport/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <mutex>

namespace pgvigil::agent::transport {
namespace {

struct ReleaseList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ReleaseList>;

void append(List& list, const std::string& line) {
  // curl_slist_append gives the head back, which owns the list.
  list.reset(curl_slist_append(list.release(), line.c_str()));
}

/// Whether "127.0.0.1:9187", "localhost" or "[::1]:80" is this machine, whatever its resolver says.
bool is_loopback(std::string_view host) {
  return host == "localhost" || host.starts_with("localhost:") || host.starts_with("127.") ||
         host.starts_with("[::1]");
}

/// What one transfer fills and reads.
struct Transfer {
  std::string answer;
  std::size_t answer_limit = 0;
  std::string_view upload;  ///< what is not sent yet
  std::stop_token stop;
};

std::size_t keep_answer(char* data, std::size_t, std::size_t size, void* user) {
  auto& answer = static_cast<Transfer*>(user)->answer;
  const std::size_t limit = static_cast<Transfer*>(user)->answer_limit;
  answer.append(data, std::min(size, limit - std::min(limit, answer.size())));
  // What is longer is no answer that anybody reads: the connection ends, and the status is known already.
  return answer.size() < limit ? size : 0;
}

std::size_t give_upload(char* buffer, std::size_t, std::size_t room, void* user) {
  auto& upload = static_cast<Transfer*>(user)->upload;
  const std::size_t size = std::min(room, upload.size());
  std::memcpy(buffer, upload.data(), size);
  upload.remove_prefix(size);
  return size;
}

int is_stopped(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->stop.stop_requested() ? 1 : 0;
}

ErrorKind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorKind::timed_out;
    case CURLE_ABORTED_BY_CALLBACK:
      return ErrorKind::interrupted;
    case CURLE_LOGIN_DENIED:
      return ErrorKind::authentication;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_USE_SSL_FAILED:
      return ErrorKind::unreachable;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
      return ErrorKind::configuration;
    default:
      return ErrorKind::connection_lost;
  }
}

/// libcurl's own detail can hold the address: only its fixed words are taken.
Error error_of(CURLcode code, const std::string& host) {
  std::string what = curl_easy_strerror(code);
  std::ranges::transform(what.begin(), what.begin() + (what.empty() ? 0 : 1), what.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c; });
  Error error{kind_of(code), "no answer from " + host + ": " + what};
  if (code == CURLE_PEER_FAILED_VERIFICATION)
    error.hint = "Its certificate is not trusted: name the authority's certificate with 'ca_file'.";
  if (code == CURLE_USE_SSL_FAILED)
    error.hint = "The server offers no STARTTLS: set 'security' to \"tls\" or \"none\".";
  return error;
}

}  // namespace

struct HttpClient::Handle {
  CURL* curl = nullptr;

  Handle() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    curl = curl_easy_init();
  }
  ~Handle() { curl_easy_cleanup(curl); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(curl, option, value);
  }
  void set(CURLoption option, const std::string& value) { curl_easy_setopt(curl, option, value.c_str()); }

  void set_up(Transfer& transfer, const Transport& transport, const std::string& host) {
    curl_easy_reset(curl);  // keeps connections
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps");
    set(CURLOPT_CONNECTTIMEOUT_MS, long{transport.connect_timeout.count()});
    set(CURLOPT_TIMEOUT_MS, long{transport.timeout.count()});
    // No proxy of the environment leads to what listens on this machine alone.
    if (!transport.proxy.empty() || is_loopback(host)) set(CURLOPT_PROXY, transport.proxy);
    if (!transport.ca_file.empty()) set(CURLOPT_CAINFO, transport.ca_file);
    set(CURLOPT_WRITEFUNCTION, keep_answer);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, is_stopped);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(&transfer));
  }

  void log_in(const std::string& user, const Secret& password) {
    if (user.empty()) return;
    set(CURLOPT_USERNAME, user);
    set(CURLOPT_PASSWORD, password.reveal());
  }

  List prepare(const HttpRequest& request, Transfer&) {
    set(CURLOPT_URL, request.url.reveal());
    set(CURLOPT_USERAGENT, "pgvigil");
    set(CURLOPT_CUSTOMREQUEST, request.method);
    if (request.method == "GET") {
      set(CURLOPT_HTTPGET, 1L);
    } else {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.c_str());
    }
    set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    log_in(request.user, request.password);
    List headers;
    append(headers, "Expect:");  // a second round trip for nothing
    for (const auto& [name, value] : request.headers)
      append(headers, name + ": " + value.reveal());
    set(CURLOPT_HTTPHEADER, headers.get());
    return headers;
  }

  List prepare(const Mail& mail, Transfer& transfer) {
    set(CURLOPT_URL,
        (mail.security == MailSecurity::tls ? "smtps://" : "smtp://") + mail.server + "/pgvigil");
    set(CURLOPT_USE_SSL,
        static_cast<long>(mail.security == MailSecurity::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    log_in(mail.user, mail.password);
    set(CURLOPT_MAIL_FROM, mail.from);
    List recipients;
    for (const std::string& to : mail.to)
      append(recipients, to);
    set(CURLOPT_MAIL_RCPT, recipients.get());
    transfer.upload = mail.text;
    set(CURLOPT_READFUNCTION, give_upload);
    set(CURLOPT_READDATA, static_cast<void*>(&transfer));
    set(CURLOPT_UPLOAD, 1L);
    return recipients;
  }
};

HttpClient::HttpClient() : handle_(std::make_unique<Handle>()) {}
HttpClient::~HttpClient() = default;

Answer HttpClient::send(const Request& request, const Transport& transport, const std::stop_token& stop) {
  if (handle_->curl == nullptr) return {.error = Error{ErrorKind::internal, "libcurl gives no handle"}};
  Transfer transfer{{}, transport.answer_limit, {}, stop};
  const auto* http = std::get_if<HttpRequest>(&request);
  const std::string host = http != nullptr ? host_of(http->url.reveal()) : std::get<Mail>(request).server;
  handle_->set_up(transfer, transport, host);
  // libcurl keeps a pointer to the list: it lives until the transfer is over.
  const List list = std::visit([&](const auto& each) { return handle_->prepare(each, transfer); }, request);
  const CURLcode code = curl_easy_perform(handle_->curl);
  Answer answer;
  long status = 0;
  curl_easy_getinfo(handle_->curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(handle_->curl, CURLINFO_RETRY_AFTER, &retry_after);
  if (retry_after > 0) answer.retry_after = std::chrono::seconds(std::min<curl_off_t>(retry_after, 86'400));
  answer.body = std::move(transfer.answer);
  const bool cut_off = code == CURLE_WRITE_ERROR && answer.body.size() >= transport.answer_limit;
  // A reply of SMTP that refuses is an error to libcurl, and an answer to us.
  const bool refused = http == nullptr && status >= 400;
  if (code != CURLE_OK && !cut_off && !refused) answer.error = error_of(code, host);
  return answer;
}

Transport transport_until(Deadline deadline, std::chrono::milliseconds connect_timeout) {
  using std::chrono::milliseconds;
  const auto left =
      std::max(std::chrono::duration_cast<milliseconds>(deadline - Deadline::clock::now()), milliseconds{1});
  return {.connect_timeout = std::min(connect_timeout, left), .timeout = left};
}

std::string host_of(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const auto user = url.rfind('@'); user != url.npos) url.remove_prefix(user + 1);
  return url.empty() ? "an address without a host" : std::string(url);
}

}  // namespace pgvigil::agent::transport

#pragma once

#include <any>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "collectors/model/error.h"
#include "collectors/model/units.h"

namespace pgvigil::backups {

/// What reading a whole file has proved, so that it is read once and not at every look. A file that was
/// changed is another one. Not thread-safe.
class ProofCache {
 public:
  /// The answer to `question` about the file, from memory or by `find_out`; nothing when the file is not
  /// there, or when `find_out` has none: it is asked again the next time. A question has answers of one type.
  template <typename Answer>
  std::optional<Answer> about(const std::string& path,
                              const std::string& question,
                              const std::function<std::optional<Answer>()>& find_out) {
    const auto identity = identity_of(path);
    if (!identity) return std::nullopt;
    return recall<Answer>({path, question}, *identity, find_out);
  }
  /// What a reader (such as ContentReader) makes of the whole file. Its error is that of the reader, which is
  /// kept where its time is over and reads on when it is asked again: a file may take more than one look.
  template <typename Reader, typename... Choices>
  std::expected<typename Reader::Result, Error> read(const std::string& path,
                                                     const std::string& question,
                                                     Deadline deadline,
                                                     const std::stop_token& stop,
                                                     const Choices&... choices) {
    using Result = typename Reader::Result;
    Error fault{ErrorKind::unreachable, path + " is gone"};
    auto proof = about<Result>(path, question, [&]() -> std::optional<Result> {
      const auto reader = about<std::shared_ptr<Reader>>(path, question + ", as far as read", [&] {
        return std::optional(std::make_shared<Reader>(path, choices...));
      });
      if (!reader) return std::nullopt;
      auto read = (*reader)->read(deadline, stop);
      if (read) return std::move(*read);
      fault = std::move(read.error());
      return std::nullopt;
    });
    if (!proof) return std::unexpected(std::move(fault));
    return std::move(*proof);
  }
  /// The answer about something that never changes, such as a finished backup.
  template <typename Answer>
  std::optional<Answer> once(const std::string& subject,
                             const std::string& question,
                             const std::function<std::optional<Answer>()>& find_out) {
    return recall<Answer>({subject, question}, "for ever", find_out);
  }
  /// Forgets what nobody has asked about since the last call.
  void sweep();

 private:
  struct Proof {
    std::string identity;  ///< device, inode, size and times; empty: none was found
    std::any answer;
    bool asked = false;
  };
  static std::optional<std::string> identity_of(const std::string& path);
  template <typename Answer>
  std::optional<Answer> recall(const std::pair<std::string, std::string>& key,
                               const std::string& identity,
                               const std::function<std::optional<Answer>()>& find_out) {
    Proof& proof = proofs_[key];
    proof.asked = true;
    if (proof.identity == identity) return std::any_cast<Answer>(proof.answer);
    auto answer = find_out();
    if (answer) proof = {identity, *answer, true};
    return answer;
  }

  std::map<std::pair<std::string, std::string>, Proof> proofs_;  // by path or subject, and question
};

}  // namespace pgvigil::backups

#include "agent/watching/exposition/fragment.h"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/fragment_text.h"

using namespace pgvigil::agent;
using pgvigil::test::text_of;

namespace {

Fragment fragment_of(std::string_view text) {
  FragmentWriter writer;
  writer.append(text);
  return std::move(writer).finish();
}

std::shared_ptr<const Fragment> shared(std::string_view text) {
  return std::make_shared<const Fragment>(fragment_of(text));
}

/// Reads a gzip stream as any client does: checks its CRC and its length.
std::string gunzip(const std::string& bytes, int& status) {
  z_stream stream{};
  inflateInit2(&stream, 16 + 15);
  std::string input = bytes;
  std::string text(1 << 22, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  status = inflate(&stream, Z_FINISH);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

std::string joined(const std::vector<Fragment>& fragments) {
  std::string bytes = gzip_head();
  std::vector<const Fragment*> pointers;
  for (const Fragment& fragment : fragments) {
    bytes += fragment.deflated;
    pointers.push_back(&fragment);
  }
  return bytes + gzip_tail(pointers);
}

std::string random_text(std::size_t size, unsigned seed) {
  std::minstd_rand engine{seed};
  std::string text(size, ' ');
  for (char& c : text)
    c = static_cast<char>(engine() % 96 + 32);
  return text;
}

}  // namespace

TEST_CASE("fragments joined in any order are one valid gzip stream") {
  const std::string a = "# HELP pg_up Whether.\npg_up 1\n";
  const std::string b = random_text(300'000, 1);
  const std::vector<Fragment> fragments = {fragment_of(a), fragment_of(b), fragment_of("")};
  int status = 0;
  CHECK(gunzip(joined({fragments[0], fragments[1], fragments[2]}), status) == a + b);
  CHECK(status == Z_STREAM_END);
  CHECK(gunzip(joined({fragments[2], fragments[1], fragments[0]}), status) == b + a);
  CHECK(status == Z_STREAM_END);
}

TEST_CASE("no fragment at all is an empty gzip stream") {
  int status = 0;
  CHECK(gunzip(joined({}), status).empty());
  CHECK(status == Z_STREAM_END);
}

TEST_CASE("a damaged fragment does not pass for whole") {
  Fragment fragment = fragment_of("pg_up 1\n");
  fragment.crc ^= 1;
  int status = 0;
  gunzip(joined({fragment}), status);
  CHECK(status == Z_DATA_ERROR);
}

TEST_CASE("a fragment inflates to its text") {
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16 * 1024}, std::size_t{1'000'000}}) {
    const std::string text = random_text(size, static_cast<unsigned>(size) + 7);
    CHECK(text_of({shared(text)}) == text);
  }
}

TEST_CASE("fragments are read as one text, in pieces of bounded size") {
  const std::string a = random_text(200'000, 3), b = random_text(64 * 1024, 4);
  FragmentReader reader({shared(a), shared(""), shared(b), shared("")});
  std::string text;
  for (std::string piece = reader.next(); !piece.empty(); piece = reader.next()) {
    CHECK(piece.size() <= 64 * 1024);
    text += piece;
  }
  CHECK(text == a + b);
  CHECK(reader.next().empty());
  CHECK(text_of({}).empty());
}

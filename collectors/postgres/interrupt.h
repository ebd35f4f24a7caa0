#pragma once

namespace pgvigil::postgres {

/// Wakes every wait of the connections that were opened with it: the program stops within a moment, whatever
/// a server is doing. Any thread may raise it; it stays raised.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void raise();
  bool raised() const;
  /// Readable once raised; for poll().
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace pgvigil::postgres

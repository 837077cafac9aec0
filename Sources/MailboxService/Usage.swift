internal import Wire

/// How much of a limit is used.
struct Usage {
  private(set) var byteCount: UInt64 = 0
  private(set) var count = 0

  func fits(_ more: UInt64, _ byteLimit: UInt64, _ countLimit: Int) -> Bool {
    byteCount <= byteLimit && more <= byteLimit - byteCount && count < countLimit
  }

  mutating func add(_ more: UInt64) {
    byteCount += more
    count += 1
  }

  mutating func remove(_ less: UInt64) {
    byteCount -= less
    count -= 1
  }
}

extension [PrincipalName: Usage] {
  /// Whoever uses nothing any more is forgotten.
  mutating func giveBack(_ byteCount: UInt64, of name: PrincipalName) {
    self[name]?.remove(byteCount)
    if self[name]?.count == 0 { self[name] = nil }
  }
}

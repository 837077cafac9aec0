internal import DurableFiles
internal import KeyDistribution
internal import SecretMemory

/// Keeps the KDC clocks from one run to the next: lines of `REALM BOOT_ID OFFSET`, the offset in
/// milliseconds. After a reboot they mean nothing, and new ones take their places.
struct ClockFile {
  private struct Entry {
    let realm: String
    let bootID: String
    let offset: Int64
  }

  /// A smaller change is not worth writing.
  private static let tolerance: UInt64 = 500

  private let file: LineFile
  private let bootID: String?

  /// - Parameter bootID: names the present run of the machine; nil where the kernel does not tell.
  init(in state: StateFolder, person: any Person, bootID: String? = BootID.current()) {
    file = LineFile("clocks", in: state, person: person)
    self.bootID = bootID
  }

  var path: String { file.path }

  func clock(of realm: Realm) throws(ClientFailure) -> KDCClock {
    let entries = try file.entries(Self.parse)
    let known = entries.last {
      $0.entry.realm == realm.hexadecimalID && $0.entry.bootID == bootID
    }
    return KDCClock(offset: known?.entry.offset)
  }

  /// Writes the clock down, if it tells something else than what is written.
  func save(_ clock: KDCClock, of realm: Realm) throws(ClientFailure) {
    guard let bootID, let offset = clock.offset else { return }
    if let written = try self.clock(of: realm).offset,
      max(written, offset).subtractingReportingOverflow(min(written, offset)).partialValue
        .magnitude < Self.tolerance
    {
      return
    }
    try file.update { (lines) in
      lines.removeAll { Self.parse($0.split(separator: " "))?.realm == realm.hexadecimalID }
      lines.append("\(realm.hexadecimalID) \(bootID) \(offset)")
    }
  }

  func damagedLines() throws(ClientFailure) -> [Int] { try file.damagedLines(Self.parse) }

  private static func parse(_ words: [Substring]) -> Entry? {
    guard words.count == 3, words[0].utf8.count == 64, let offset = Int64(words[2]) else {
      return nil
    }
    return Entry(realm: String(words[0]), bootID: String(words[1]), offset: offset)
  }
}

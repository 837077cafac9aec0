internal import DurableFiles
internal import SecretMemory

/// A small text file of the state folder with one entry a line. It is rewritten as a whole, under a
/// lock. A line that is no entry is reported and kept; it is ignored, unless it may be the one that
/// is looked for.
final class LineFile {
  /// An entry, and the number of its line, counted from 1.
  struct Numbered<Entry> {
    let line: Int
    let entry: Entry
  }

  /// What is there, and the file in which it was.
  struct Content<Entry> {
    let entries: [Numbered<Entry>]
    /// The lines that are no entries.
    let damaged: [Numbered<String>]
    /// Nil when there was no file.
    let version: FileVersion?
  }

  /// A longer one is neither read nor written.
  static let byteLimit = 4 << 20

  let path: String
  private let state: StateFolder
  private let person: any Person
  /// Damage is reported once in the life of a process.
  private var hasReported = false

  init(_ name: String, in state: StateFolder, person: any Person) {
    path = state.path(name)
    self.state = state
    self.person = person
  }

  /// The entries, as `parse` reads them from the words of a line.
  ///
  /// - Parameter word: what is looked for, if it is a pin: one that cannot be read must not count
  ///   as none, so a damaged line with this word in it is a failure.
  func entries<Entry>(
    about word: String? = nil, _ parse: ([Substring]) -> Entry?
  ) throws(ClientFailure) -> [Numbered<Entry>] {
    let content = try content(parse)
    try check(content.damaged, about: word)
    return content.entries
  }

  /// The numbers of the lines that are no entries. Nothing is said of them here.
  func damagedLines<Entry>(_ parse: ([Substring]) -> Entry?) throws(ClientFailure) -> [Int] {
    try content(parse).damaged.map(\.line)
  }

  /// All that there is. Nothing is said here of lines that are no entries.
  func content<Entry>(_ parse: ([Substring]) -> Entry?) throws(ClientFailure) -> Content<Entry> {
    // Before the content: what comes in between is seen the next time.
    let version = try version()
    var entries: [Numbered<Entry>] = []
    var damaged: [Numbered<String>] = []
    for (index, text) in try lines().enumerated() {
      guard !text.isEmpty, !text.hasPrefix("#") else { continue }
      if let entry = parse(text.split(separator: " ")) {
        entries.append(Numbered(line: index + 1, entry: entry))
      } else {
        damaged.append(Numbered(line: index + 1, entry: text))
      }
    }
    return Content(entries: entries, damaged: damaged, version: version)
  }

  /// Tells of damaged lines; one that may be the one that is looked for is a failure.
  func check(_ damaged: [Numbered<String>], about word: String?) throws(ClientFailure) {
    for line in damaged {
      if let word, line.entry.utf8.contains(word.utf8) {
        throw ClientFailure(
          .fileFailure,
          "Line \(line.line) of \(path) is damaged, and seems to be about \(word). Mend it or "
            + "remove it, and try again.")
      } else if !hasReported {
        person.say("line \(line.line) of \(path) is damaged and ignored")
      }
    }
    hasReported = true
  }

  /// Another one whenever the file may say something else; nil when there is none.
  func version() throws(ClientFailure) -> FileVersion? {
    try withFiles { () throws(FileFailure) in try FileVersion.following(path) }
  }

  /// Rewrites the file with what `change` makes of its lines, while no other process does.
  func update(
    _ change: (inout [String]) throws(ClientFailure) -> Void
  ) throws(ClientFailure) {
    let lock = try state.lock()
    defer { lock.isHeldUntilHere() }
    var lines = try lines()
    try change(&lines)
    let text = [UInt8](lines.map { $0 + "\n" }.joined().utf8)
    guard text.count <= Self.byteLimit else {
      throw ClientFailure(
        .fileFailure,
        "\(path) would be longer than \(Self.byteLimit >> 20) MiB. Remove what is not needed any "
          + "more, and try again.")
    }
    try withFiles { () throws(FileFailure) in
      var file = try AtomicFile(replacing: path, mode: 0o600)
      try file.write(text.bytes)
      try file.commit()
    }
  }

  private func lines() throws(ClientFailure) -> [String] {
    let contents = try withFiles { () throws(FileFailure) in
      try readSecretFile(path, limit: Self.byteLimit)
    }
    guard let contents else { return [] }
    // By bytes: a carriage return and a newline are one `Character`, which would hide lines.
    var lines = [UInt8](contents.bytes).split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    // All of them: with one at a time, each rewriting of the file would change the line.
    return lines.map { line in
      let count = line.reversed().drop { $0 == UInt8(ascii: "\r") }.count
      return String(decoding: line.prefix(count), as: UTF8.self)
    }
  }
}

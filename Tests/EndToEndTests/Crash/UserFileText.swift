import Foundation

/// `pwd.txt` as it is found between two lives of a KDC, and what may happen to it there.
struct UserFileText {
  let path: String
  let text: String

  /// Nil while there is none.
  init?(in folder: Folder) {
    guard let text = folder.text(of: "pwd.txt") else { return nil }
    path = folder.path("pwd.txt")
    self.text = text
  }

  /// Whether the last line is complete.
  var isWhole: Bool { text.hasSuffix("\n") }

  /// Every line about a user.
  var records: [Substring] { text.split(separator: "\n").filter { $0.first != "#" } }

  private static func field(_ key: String, of record: Substring) -> Substring? {
    record.split(separator: " ").first { $0.hasPrefix(key + "=") }
  }

  /// Whatever must not be in a file that a KDC has just opened.
  var problems: [String] {
    var problems: [String] = []
    if !isWhole { problems.append("the last line is still torn") }
    if !text.hasPrefix("# trent users v1 ") { problems.append("there is no header") }
    if text.contains("digest=plain:") { problems.append("a plain digest is not sealed") }
    let names = Dictionary(grouping: records) { Self.field("name", of: $0) }
    if records.count > names.count * 2 { problems.append("most lines are stale") }
    for (name, records) in names {
      let identities = Set(records.compactMap { Self.field("identity", of: $0) })
      if identities.subtracting(["identity=-"]).count > 1 {
        problems.append("\(name ?? "?") has two owners in the file")
      }
    }
    if let status = try? permissions(path, kind: S_IFREG), status != 0o600 {
      problems.append("mode \(String(status, radix: 8))")
    }
    return problems
  }

  // MARK: Changes

  /// The beginning of one more line, as a power cut leaves it.
  func tear(_ random: inout SeededRandom) throws {
    guard let line = records.randomElement(using: &random) else { return }
    try append(String(line.prefix(Int.random(in: 1..<line.count, using: &random))))
  }

  /// Every line twice more: what then is mostly stale is compacted at the next start.
  func repeatEverything() throws {
    let lines = records.joined(separator: "\n") + "\n"
    if !records.isEmpty { try append(lines + lines) }
  }

  func append(_ more: String) throws {
    let file = unsafe open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    guard file >= 0 else { throw TestProblem("open \(path)") }
    defer { close(file) }
    let bytes = Array(more.utf8)
    guard unsafe write(file, bytes, bytes.count) == bytes.count else {
      throw TestProblem("write \(path)")
    }
  }
}

import FuzzSupport
import KeyDistribution
import SecretMemory
import Wire

@testable import Directory

/// The user file, and the lines of presence and deposits, which a store keeps, too: single lines,
/// lines whose checksum is right whatever they say, and whole files. And key files and exports.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  switch input.byte() % 11 {
  case 0: userLine(input.remainder())
  case 1: userLine(checksummed(input.remainder()))
  case 2: userLine(checksummed(Template.user.mutated(by: &input)))
  case 3: presenceLine(input.remainder())
  case 4: presenceLine(checksummed(input.remainder()))
  case 5: presenceLine(checksummed(Template.presence.mutated(by: &input)))
  case 6: files.load(input.remainder())
  case 9: RealmFiles.keyFile(&input)
  case 10: RealmFiles.forgedExport(&input)
  case 8: depositLine(checksummed(Template.deposits.mutated(by: &input)))
  default: files.load((Template.header + "\n" + Template.userText + "\n").utf8.mutated(by: &input))
  }
  return 0
}

private enum Template {
  static let userText = UserLine.text(Person.alice.record)
  static let header = FileHeader(content: "users", realm: World.realm.id).text

  /// Without their checksums.
  static let user = fields(userText)
  static let presence = fields(PresenceLine.announced(Person.bob.presence).text)
  static let deposits = fields(DepositLine(Person.bob.deposits).text)

  private static func fields(_ text: String) -> [UInt8] {
    [UInt8](text.utf8.dropLast(" sum=".utf8.count + 16))
  }
}

extension String.UTF8View {
  fileprivate func mutated(by input: inout FuzzInput) -> [UInt8] {
    [UInt8](self).mutated(by: &input)
  }
}

private func checksummed(_ fields: [UInt8]) -> [UInt8] {
  [UInt8](ChecksummedLine.text(String(decoding: fields, as: UTF8.self)).utf8)
}

/// What is read is written the same way, and read again as the same record.
private func userLine(_ line: [UInt8]) {
  _ = UserLine.apparentName(line.bytes)
  guard let record = sealedRecord(line) else { return }
  expect(
    record.certificate.isEmpty == (record.identity == nil), "identity and certificate go together")
  let text = [UInt8](UserLine.text(record).utf8)
  expect(text == line, "a line has one spelling")
}

/// What a line with a sealed digest says.
private func sealedRecord(_ line: [UInt8]) -> UserRecord? {
  do {
    let user = try UserLine(line.bytes)
    guard let record = user.record else { fatalError("broken: a line that is right is a record") }
    expect(user.isPlain == record.sealedDigest.isEmpty, "a plain digest is not in the record")
    return user.isPlain ? nil : record
  } catch {
    return nil
  }
}

private func presenceLine(_ line: [UInt8]) {
  guard let read = try? PresenceLine(line.bytes) else { return }
  expect([UInt8](read.text.utf8) == line, "a line has one spelling")
}

private func depositLine(_ line: [UInt8]) {
  guard let read = try? DepositLine(line.bytes) else { return }
  expect([UInt8](read.text.utf8) == line, "a line has one spelling")
}

private let files = Files()

/// Loads whole files from memory.
private struct Files {
  private static let name = "pwd.txt"

  private let folder = MemoryFolder()

  /// Whatever is in a file, loading it and loading what that left give the same users.
  func load(_ bytes: [UInt8]) {
    folder.put(bytes, at: Self.name)
    guard let first = users() else { return }
    let (count, alice) = (first.count, alice(in: first))
    first.close()
    guard let second = users() else { fatalError("broken: what was loaded can be loaded again") }
    expect(second.count == count, "the same users after loading twice")
    expect(self.alice(in: second) == alice, "the same user after loading twice")
    expect(second.sealedCount == 0, "plain digests are sealed once")
    second.close()
  }

  private func alice(in users: UserFile) -> UserRecord? {
    do {
      return try users.record(of: Person.alice.name)
    } catch {
      fatalError("broken: what was loaded can be read")
    }
  }

  private func users() -> UserFile? {
    try? UserFile(
      path: folder.path + "/" + Self.name, realm: World.realm.id,
      sealingWith: { _, _, digest in [UInt8](repeating: 0, count: 28) + [UInt8](digest.bytes) },
      report: { _ = $0.description })
  }
}

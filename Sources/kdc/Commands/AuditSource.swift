import ArgumentParser
import Audit
import Cryptography
import DurableFiles
import KeyDistribution
import Operation
import SecretMemory
import Wire

/// The identities that a trail says the KDC had.
private enum AuditIdentity {
  private static let events: Set = ["started", "continued", "identity"]

  /// Nil for a record that tells none.
  static func realm(in line: [UInt8]) -> Realm? {
    // Few lines have a word, and a trail may have millions.
    guard line.count <= 1024, let value = try? JSONValue(line),
      let event = value["event"]?.text, events.contains(event)
    else { return nil }
    return value["realm"]?.text.flatMap { Realm(word: $0) }
  }
}

/// Audit files to read.
struct AuditSource: ParsableArguments {
  @Argument(help: "The audit files, in the order in which they were written.", completion: .file())
  var files: [String]

  @Option(help: "The initial key, as FILE.initial had it.", completion: .file())
  var key: String?

  @Option(
    help: ArgumentHelp(
      "The identity of the KDC, as its second line says; else as the files say. Where it was "
        + "replaced, once for each, in their order."))
  var word: [String] = []

  @Flag(help: "The first file is not the first one of all: what was before is not looked at.")
  var later = false

  @Flag(help: "Do without FILE.key: a tail that was cut off is not found.")
  var withoutState = false

  private static let initialKeyLimit = 4096

  func validate() throws {
    guard !files.contains("") else { throw ValidationError("a file needs a name") }
    if word.contains(where: { Realm(word: $0) == nil }) {
      throw ValidationError("--word is the identity that the KDC prints when it starts")
    }
  }

  /// - Parameter line: is told every line.
  func verify(line: ([UInt8]) -> Void) throws -> AuditVerdict {
    do {
      // Before the files: a KDC that serves puts its state after its records.
      let state = try readState()
      let initialKey = try key.map(Self.read)
      var verifier = AuditVerifier(
        identities: try realms().map(\.identity),
        initialKey: initialKey, state: state, beginsLater: later)
      var isTorn = false
      for file in files {
        // Only the last line of the last file may be on its way.
        if isTorn { verifier.take([]) }
        var reader = try AuditFileReader(file)
        while let text = try reader.next() {
          verifier.take(text)
          line(text)
        }
        isTorn = reader.isTorn
      }
      return verifier.finish(isTorn: isTorn)
    } catch {
      throw OperatorFailure("\(error)")
    }
  }

  private func readState() throws -> AuditState? {
    guard !withoutState, let last = files.last else { return nil }
    let beside = AuditFiles(last)
    guard let state = try beside.readState() else {
      throw AuditFailure(
        "there is no \(beside.state), which tells a tail that was cut off; "
          + "--without-state verifies the rest")
    }
    return state
  }

  /// The KDC's, as told, or as the records say, one after the other.
  private func realms() throws -> [Realm] {
    if !word.isEmpty { return word.compactMap { Realm(word: $0) } }
    var realms: [Realm] = []
    for file in files {
      var reader = try AuditFileReader(file)
      while let line = try reader.next() {
        guard let realm = AuditIdentity.realm(in: line), realm != realms.last else { continue }
        realms.append(realm)
      }
    }
    for realm in realms {
      Console.tell("kdc: the file says that it is of \(realm.word); pass --word to be sure")
    }
    return realms
  }

  private static func read(_ path: String) throws -> SecretBytes {
    guard let contents = try readSecretFile(path, limit: initialKeyLimit) else {
      throw OperatorFailure("there is no \(path)")
    }
    guard let key = AuditState.decode(initialKey: contents.bytes) else {
      throw OperatorFailure("\(path) is no initial key of an audit, or is damaged")
    }
    return key
  }
}

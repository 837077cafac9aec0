import ArgumentParser
import Audit
import Cryptography
import DurableFiles
import KeyDistribution
import Operation
import SecretMemory
import Wire

/// `kdc audit`: reads the file that `kdc --audit FILE` writes.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kdc audit",
    abstract: "Verify an audit file, or show what is in it.",
    discussion: """
      "kdc --audit FILE" writes every event to FILE as a line of JSON with a MAC. The key of a \
      MAC is erased once it is made, so that who breaks into the KDC cannot change what was \
      written before. Every 1000 records, 10 seconds after a record, and at the end there is a \
      checkpoint signed by the KDC. FILE.key is the state of the chain. FILE.initial, made with \
      the file, is the key that verifies every record: move it off the machine.
      """,
    subcommands: [Verify.self])

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find what was changed, removed, put elsewhere or cut off.",
      discussion: """
        With --key every record is verified. Without it, the lines up to the last checkpoint and, \
        with FILE.key beside the file, those up to its end. The KDC may be serving. The exit code \
        is 1 when something is wrong.
        """)

    @OptionGroup var source: AuditSource

    @Option(help: "The initial key, as FILE.initial had it.")
    var key: String?

    func run() throws {
      let verdict = try source.verify(initialKey: key)
      for finding in verdict.findings { Console.say("\(finding)") }
      let more = verdict.findingCount - verdict.findings.count
      if more > 0 { Console.say("and \(more) more") }
      for note in Self.notes(verdict, hasKey: key != nil) { Console.say(note) }
      Console.say(
        "\(verdict.recordCount) records, \(verdict.authenticCount) MACs and "
          + "\(verdict.checkpointCount) checkpoints verified, \(verdict.findingCount) problems")
      if !verdict.isGood { throw ExitCode.failure }
    }

    private static func notes(_ verdict: AuditVerdict, hasKey: Bool) -> [String] {
      var notes: [String] = []
      if !verdict.hasState {
        notes.append(
          "there is no chain state beside it: a tail cut off after line "
            + "\(verdict.lastCheckpointLine), the last checkpoint, would not be found")
      }
      if !hasKey, !verdict.hasState, verdict.vouchedLine < verdict.lineCount {
        notes.append(
          "lines \(verdict.vouchedLine + 1) to \(verdict.lineCount) come after the last "
            + "checkpoint: only the initial key can tell about them")
      }
      if verdict.isTorn, verdict.hasState {
        notes.append("the last line is not complete: it is being written, or a crash tore it")
      }
      return notes
    }
  }
}

/// An audit file to read.
struct AuditSource: ParsableArguments {
  @Argument(help: "The audit file.")
  var file: String

  @Option(help: "The identity of the KDC, as its second line says; else the one in the file.")
  var word: String?

  private static let initialKeyLimit = 4096

  func validate() throws {
    if let word, Realm(word: word) == nil {
      throw ValidationError("--word is the identity that the KDC prints when it starts")
    }
  }

  /// - Parameter line: is told every line.
  func verify(
    initialKey: String?, line: ([UInt8]) -> Void = { _ in }
  ) throws -> AuditVerdict {
    do {
      // Before the file: a KDC that serves puts its state after its records.
      let state = try AuditFiles(file).readState()
      let key = try initialKey.map(Self.read)
      let realm = try realm()
      var verifier = AuditVerifier(
        identity: realm?.identity, initialKey: key, state: state)
      var reader = try AuditFileReader(file)
      while let text = try reader.next() {
        verifier.take(text)
        line(text)
      }
      return verifier.finish(isTorn: reader.isTorn)
    } catch {
      throw OperatorFailure("\(error)")
    }
  }

  /// The KDC's, as told, or as the first record says.
  private func realm() throws -> Realm? {
    if let word { return Realm(word: word) }
    var reader = try AuditFileReader(file)
    guard let first = try reader.next(), let text = (try? JSONValue(first))?["realm"]?.text,
      let realm = Realm(word: text)
    else { return nil }
    Console.tell("kdc: the file says that it is of \(text); pass --word to be sure")
    return realm
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

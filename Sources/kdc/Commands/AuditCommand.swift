import ArgumentParser
import Audit
import DurableFiles
import Operation
import SecretMemory

/// `kdc audit`: reads the files that `kdc --audit FILE` writes.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Verify an audit file, or show what is in it.",
    discussion: """
      "kdc --audit FILE" writes every event to FILE as a line of JSON with a MAC. The key of a \
      MAC is erased once it is made, so that who breaks into the KDC cannot change what was \
      written before. Every 1000 records, 10 seconds after a record, and at the end there is a \
      checkpoint signed by the KDC. FILE.key is the state of the chain. FILE.initial, made with \
      the file, is the key that verifies every record: move it off the machine.
      """,
    subcommands: [Verify.self, Report.self])

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find what was changed, removed, put elsewhere or cut off.",
      discussion: """
        With --key every record is verified: what SECURITY.md promises needs it. Without it, the \
        lines up to the last checkpoint and, with FILE.key beside the last file, those up to its \
        end. Files that were moved away come first, the oldest one before the others. The KDC may \
        be serving. The exit code is 1 when something is wrong.
        """)

    @OptionGroup var source: AuditSource

    func run() throws {
      let verdict = try source.verify { _ in }
      for finding in verdict.findings { Console.say("\(finding)") }
      let more = verdict.findingCount - verdict.findings.count
      if more > 0 { Console.say("and \(more) more") }
      for note in Self.notes(verdict, hasKey: source.key != nil) { Console.say(note) }
      Console.say(
        "\(verdict.recordCount) records, \(verdict.authenticCount) MACs and "
          + "\(verdict.checkpointCount) checkpoints verified, \(verdict.findingCount) problems")
      if !verdict.isGood { throw ExitCode.failure }
    }

    private static func notes(_ verdict: AuditVerdict, hasKey: Bool) -> [String] {
      var notes: [String] = []
      if verdict.firstNumber > 0 {
        notes.append("records before \(verdict.firstNumber) are in earlier files")
      }
      if !verdict.hasState {
        notes.append(
          "without the chain state a tail cut off after line "
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

  struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show logins, keys and refusals over time, and who talks to whom, as a page.",
      discussion: """
        The page has no scripts, loads nothing, and says on top what verification has found. The \
        exit code is 1 when something is wrong; the page is made all the same.
        """)

    @OptionGroup var source: AuditSource

    @Option(
      help: ArgumentHelp("Where the page goes (0600).", valueName: "file"), completion: .file())
    var html: String

    func run() throws {
      var report = AuditReport()
      let verdict = try source.verify { report.take($0) }
      let page = ReportPage(report, verdict, hasKey: source.key != nil).html()
      let bytes = [UInt8](page.utf8)
      do {
        var file = try AtomicFile(replacing: html, mode: 0o600)
        try file.write(bytes.bytes)
        try file.commit()
      } catch {
        throw OperatorFailure("\(error)")
      }
      if !verdict.isGood { throw ExitCode.failure }
    }
  }
}

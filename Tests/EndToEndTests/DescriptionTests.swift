import Foundation
import Testing

extension EndToEnd {
  /// What programs say of themselves to shells, manual pages and packages.
  @Suite struct DescriptionTests {}
}

extension EndToEnd.DescriptionTests {
  @Test(
    "Every program tells its release and commit",
    arguments: [ProgramFile.kdc, .client, .mailbox, .kdcLoad])
  func version(program: ProgramFile) async throws {
    try await Stage.with { stage in
      let asked = try stage.start(program, ["--version"])
      try await asked.expectExit(0)
      let line = try #require(asked.output.lines.first)
      #expect(
        line.wholeMatch(of: /Trent \d+\.\d+\.\d+ \(commit ([0-9a-f]{12}(-dirty)?|unknown)\)/)
          != nil, "\(line)")
    }
  }

  @Test(
    "A program describes all of its commands, and options of the first word and of others",
    arguments: [
      (ProgramFile.client, ["send", "receive", "identity"], "--sealed-copy"),
      (.kdc, ["users", "audit", "check"], "--registration"), (.mailbox, [], "--spool"),
    ])
  func description(program: ProgramFile, words: [String], option: String) async throws {
    try await Stage.with { stage in
      for shell in ["bash", "zsh", "fish"] {
        let asked = try stage.start(program, ["--generate-completion-script", shell])
        try await asked.expectExit(0)
        let script = asked.output.lines.joined(separator: "\n")
        for word in words { #expect(script.contains(word), "\(shell) does not know \(word)") }
        let name = shell == "fish" ? String(option.dropFirst(2)) : option
        #expect(script.contains(name), "\(shell) does not know \(option)")
      }
      let dump = try stage.start(program, ["--experimental-dump-help"])
      try await dump.expectExit(0)
      let text = dump.output.lines.joined(separator: "\n")
      let tool = try JSONDecoder().decode(Tool.self, from: Data(text.utf8))
      #expect(Set(words).isSubset(of: tool.command.subcommands?.map(\.commandName) ?? []))
    }
  }

  private struct Tool: Decodable {
    struct Command: Decodable {
      let commandName: String
      let subcommands: [Command]?
    }
    let command: Command
  }
}

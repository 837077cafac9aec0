import ArgumentParser
import Operation
import Wire

/// `kdc users`: looks at users and changes them, while the KDC serves or not.
struct UsersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "users",
    abstract: "List, show, disable, enable, remove and reset users; say who may ask for them.",
    discussion: """
      Changes count at once. Who is disabled, removed or reset gets nothing more, is not found any \
      more, and every login of before is over, also when the user is enabled again.
      """,
    subcommands: [
      List.self, Show.self, Disable.self, Enable.self, Remove.self, Reset.self, Allow.self,
    ])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "One line a user: name, state, key version number, fingerprint, whether it receives.")

    @OptionGroup var files: FileOptions
    @OptionGroup var output: UserOutput

    func run() throws {
      _ = try files.ask(.list) { output.line($0) }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Everything about one user.")

    @OptionGroup var user: UserOptions
    @OptionGroup var output: UserOutput

    func run() throws { output.lines(try user.files.ask(.show(user.name))) }
  }

  struct Disable: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End every login of a user, and let nobody log in as it.")

    @OptionGroup var user: UserOptions
    @OptionGroup var output: UserOutput

    func run() throws { output.line(try user.files.ask(.disable(user.name))) }
  }

  struct Enable: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let a disabled user log in again, with its secret of before.")

    @OptionGroup var user: UserOptions
    @OptionGroup var output: UserOutput

    func run() throws { output.line(try user.files.ask(.enable(user.name))) }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forget a user: the name is free for whoever may register.")

    @OptionGroup var user: UserOptions
    @OptionGroup var output: UserOutput

    func run() throws { output.line(try user.files.ask(.remove(user.name))) }
  }

  struct Reset: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forget a user's secret, and print an invitation to register the name anew.",
      discussion: """
        For who has lost the passphrase. The identity key is forgotten as well: peers who know the \
        user will be told that it has changed.
        """)

    @OptionGroup var user: UserOptions
    @Option(
      help: "How long the invitation is good, as 12h or 7d. (default: 7d)",
      transform: FileOptions.life)
    var expires = OperatorRequest.defaultInvitationLife

    func run() throws { InviteCommand.show(try user.files.ask(.reset(user.name, expires))) }
  }

  struct Allow: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say who may ask for a user's address and key.",
      discussion: "For everybody else the user is not there.")

    @OptionGroup var user: UserOptions
    @OptionGroup var output: UserOutput
    @Option(help: "These names and nobody else, with commas between.")
    var only: String?
    @Flag(help: "Everybody, as at the start.")
    var everybody = false
    @Flag(help: "Nobody.")
    var nobody = false

    func validate() throws {
      guard [only != nil, everybody, nobody].count(where: \.self) == 1 else {
        throw ValidationError("Say one of --only, --everybody, --nobody.")
      }
      _ = try names()
    }

    private func names() throws -> [PrincipalName]? {
      if everybody { return nil }
      guard let only else { return [] }
      let names = try only.split(separator: ",").map { try FileOptions.name(String($0)) }
      // An empty variable of a script, say.
      guard !names.isEmpty else { throw ValidationError("--only needs a name; or say --nobody") }
      return names
    }

    func run() throws {
      output.lines(try user.files.ask(.allow(user.name, callers: try names())))
    }
  }
}

/// Which user a command is about.
struct UserOptions: ParsableArguments {
  @Argument(transform: FileOptions.name)
  var name: PrincipalName

  @OptionGroup var files: FileOptions
}

/// How users are shown.
struct UserOutput: ParsableArguments {
  @Flag(help: "JSON, one line a user.")
  var json = false

  func line(_ user: JSONValue) {
    guard !json else {
      Console.say("\(user)")
      return
    }
    let words = [
      Self.text(user, "name"), Self.text(user, "state"), "kvno=" + Self.text(user, "kvno"),
      Self.text(user, "fingerprint"), user["receives-at"] == nil ? "-" : "receives",
    ]
    Console.say(words.joined(separator: " "))
  }

  func lines(_ user: JSONValue) {
    guard !json, case .object(let members) = user else {
      Console.say("\(user)")
      return
    }
    for member in members {
      Console.say("\(member.name): \(Self.text(member.value, member.name))")
    }
  }

  private static func text(_ user: JSONValue, _ name: String) -> String {
    let value = if case .object = user { user[name] ?? .null } else { user }
    return switch value {
    case .text(let text): text
    case .null: name == "callers" ? "everybody" : "-"
    case .array(let values):
      values.isEmpty ? "nobody" : values.map { text($0, "") }.joined(separator: ", ")
    default: "\(value)"
    }
  }
}

import ArgumentParser
import Glibc
import Operation
import Wire

/// `kdc invite`: lets one person register once.
struct InviteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invite",
    abstract: "Print an invitation, with which one person registers once.",
    discussion: """
      The invitation is one word on standard output. Hand it over in secret: whoever has it can \
      use it. "client --invite FILE" registers with it. The KDC keeps a hash of it alone.
      """)

  @Option(
    help: "The one name that it is for; any free name without it.", transform: FileOptions.name)
  var name: PrincipalName?

  @Option(help: "How long it is good, as 12h or 7d. (default: 7d)", transform: FileOptions.life)
  var expires = OperatorRequest.defaultInvitationLife

  @OptionGroup var files: FileOptions

  func run() throws {
    Self.show(try files.ask(.invite(name, expires)))
  }

  static func show(_ answer: JSONValue) {
    let person = answer["name"]?.text.map { " for \($0)" } ?? ""
    let end = answer["expires"]?.text ?? ""
    Console.tell("an invitation\(person), good once, until \(end):")
    Console.say(answer["invitation"]?.text ?? "")
  }
}

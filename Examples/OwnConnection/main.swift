import Glibc
import Trent

/// own-connection KDC WORD NAME PASSPHRASE_FILE RECEIVER TEXT: sends a text as the file `note.txt`
/// over a socket of its own.
func run(_ words: [String]) throws {
  guard words.count == 6, let name = PrincipalName(words[2]),
    let receiver = PrincipalName(words[4]),
    let path = EntryPath("note.txt")
  else {
    throw ClientFailure(.usage, "own-connection KDC WORD NAME PASSPHRASE_FILE RECEIVER TEXT")
  }
  let content = [UInt8](words[5].utf8)
  let entry = TransferEntry(
    path: path, kind: .file(size: UInt64(content.count)), permissions: 0o644,
    modified: Timestamp(milliseconds: UInt64(time(nil)) * 1000))
  var client = try Client(
    try KDCOptions(at: words[0], word: words[1]),
    SignInOptions(name: name, secret: .passphrase(.file(words[3]))),
    state: try .current(telling: nil))
  let requested = try client.requestSession(with: receiver)
  let socket = try Socket(to: requested.addresses)
  var conversation = try Conversation(requested, over: socket)
  try conversation.send(content, as: try Manifest(.files, [entry]))
  try client.pin(conversation.session)
  print("\(conversation.session.peer.name) has all \(content.count) bytes")
}

do {
  try run(Array(CommandLine.arguments.dropFirst()))
} catch {
  Terminal(explains: false).say("own-connection: \(error)")
  exit((error as? ClientFailure)?.exitCode ?? 1)
}

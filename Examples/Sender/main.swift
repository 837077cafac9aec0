import Glibc
import Trent

/// sender KDC WORD NAME PASSPHRASE_FILE RECEIVER FILE
func send(_ words: [String]) throws(ClientFailure) {
  guard words.count == 6, let name = PrincipalName(words[2]), let receiver = PrincipalName(words[4])
  else {
    throw ClientFailure(.usage, "sender KDC WORD NAME PASSPHRASE_FILE RECEIVER FILE")
  }
  // Where the KDC is, the identity that it must have, and who asks.
  let kdc = try KDCOptions(at: words[0], word: words[1])
  let signIn = SignInOptions(name: name, secret: .passphrase(.file(words[3])))

  var client = try Client(kdc, signIn, state: try .current(telling: nil))
  switch try client.send(.file(words[5]), to: receiver) {
  case .received(let byteCount, let peer):
    print("\(peer.name) has all \(byteCount) bytes")
  case .left(let mailbox, _):
    print("\(receiver) is away; \(mailbox) keeps it, sealed")
  }
}

do {
  try send(Array(CommandLine.arguments.dropFirst()))
} catch {
  Terminal(explains: false).say("sender: \(error)")
  exit(error.exitCode)
}

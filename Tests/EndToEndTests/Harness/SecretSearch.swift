import Cryptography
import Foundation
import SecretMemory
import Wire

@testable import KeyDistribution

/// Looks for secrets wherever they must not be, in every form in which they might have been left.
struct SecretSearch {
  struct Secret {
    let name: String
    let bytes: [UInt8]
    /// What to look for, by the name of the form.
    let forms: [(name: String, bytes: [UInt8])]

    init(_ name: String, _ bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
      let hexadecimal = bytes.map { String(format: "%02x", $0) }.joined()
      var forms = [
        ("raw", bytes), ("hexadecimal", Array(hexadecimal.utf8)),
        ("HEXADECIMAL", Array(hexadecimal.uppercased().utf8)),
        ("base 32", Array(Base32.encode(bytes).utf8)),
        ("decimal", Array(bytes.map(String.init).joined(separator: ", ").utf8)),
      ]
      // What base 64 makes of bytes depends on how many there are before them; the letters at
      // either end depend on the neighbours.
      for offset in 0..<3 {
        let text = Data([UInt8](repeating: 0, count: offset) + bytes).base64EncodedString()
        let letters = text.utf8.filter { $0 != UInt8(ascii: "=") }
        let end = (offset + bytes.count) * 8 / 6
        let inner = Array(letters[(offset * 8 + 5) / 6..<end])
        forms.append(("base 64", inner))
        let urlSafe = inner.map { letter in
          letter == UInt8(ascii: "+")
            ? UInt8(ascii: "-") : letter == UInt8(ascii: "/") ? UInt8(ascii: "_") : letter
        }
        if urlSafe != inner { forms.append(("base 64 for URLs", urlSafe)) }
      }
      self.forms = forms
    }
  }

  struct Finding: Hashable, CustomStringConvertible {
    let secret: String
    let place: String
    var description: String { "\(secret) in \(place)" }
  }

  private(set) var secrets: [Secret] = []

  mutating func add(_ name: String, _ bytes: [UInt8]) { secrets.append(Secret(name, bytes)) }

  /// What is made of a user's passphrase (PROTOCOL.md, 3.2 and 3.6), and the identity key that is
  /// sealed with it.
  mutating func add(_ user: User, of kdc: RunningKDC) throws {
    let state = try StolenState(of: kdc)
    let record = try state.user(principal(user.name))
    let realm = state.keys.realm
    let phrase = SecretBytes(copying: Array(user.passphrase.utf8).bytes)
    let made = try AccountSecret(
      passphrase: phrase, parameters: record.parameters, salt: record.salt)
    // The one that the KDC knows: otherwise this search would look for something else.
    let stored = try state.keys.openDigest(of: record)
    guard equalInConstantTime(stored.bytes, made.digest.bytes) else {
      throw TestProblem("the digest of \(user.name)")
    }
    var context = ByteWriter(.sharedKey, in: realm)
    context.prefixed(record.name)
    context.prefixed(keyVersion: record.keyVersion)
    let shared = try Argon2.hash(
      made.digest.bytes, salt: SHA256.hash(context.written).bytes, parameters: .minimum, count: 32)
    let keys = try SharedKey(
      digest: made.digest.bytes, name: record.name, keyVersion: record.keyVersion, realm: realm)
    add("passphrase of \(user.name)", Array(user.passphrase.utf8))
    add("digest of \(user.name)", [UInt8](made.digest.bytes))
    add("device key of \(user.name)", [UInt8](made.deviceKey.bytes))
    add("shared key of \(user.name)", [UInt8](shared.bytes))
    add("proof key of \(user.name)", [UInt8](keys.proofKey.bytes))
    add("reply key of \(user.name)", [UInt8](keys.replyKey.bytes))
    let path = "identities/\(realm.hexadecimalID)/\(user.name)"
    guard let file = user.home.bytes(of: path) else { throw TestProblem(path) }
    let seed = try SealedIdentity(file.bytes).open(with: made, name: record.name, realm: realm)
    add("identity seed of \(user.name)", [UInt8](seed.bytes))
  }

  /// The keys of a login that a device keeps.
  ///
  /// - Returns: the path of the one file that may have them.
  mutating func add(keptLoginOf user: User) throws -> String {
    let folder = Folder(notYetAt: user.home.path("credentials"))
    guard let path = folder.allFiles.first(where: { $0.hasSuffix("/\(user.name)") }),
      let file = FileManager.default.contents(atPath: path).map(Array.init)
    else { throw TestProblem("no kept login of \(user.name)") }
    let login = try CachedCredential.decode(file.bytes)
    add("request key of \(user.name)", [UInt8](login.requestKey.bytes))
    add("ticket key of \(user.name)", [UInt8](login.ticketKey.secretBytes().bytes))
    add("login key of \(user.name)", [UInt8](login.loginKey.privateBytes().bytes))
    switch login.depositStorageKey {
    case .some(let key):
      let bytes = key.secretBytes()
      add("deposit storage key of \(user.name)", [UInt8](bytes.bytes))
    case .none: throw TestProblem("no deposit storage key in \(path)")
    }
    return path
  }

  /// The long-lived keys of a KDC.
  mutating func add(_ kdc: RunningKDC) throws {
    // As `KeyFile` has them: a line, three keys, a period, a key.
    guard let file = kdc.folder.bytes(of: "kdc.key"),
      let end = file.firstIndex(of: UInt8(ascii: "\n")), file.count > end + 4 * 32 + 8
    else { throw TestProblem("kdc.key") }
    let names = ["identity seed", "storage key", "salt key", "ratchet key"]
    for (name, start) in zip(names, [0, 32, 64, 104]) {
      add("\(name) of the KDC", Array(file[(end + 1 + start)...].prefix(32)))
    }
  }

  func findings(in bytes: [UInt8], _ place: String) -> [Finding] {
    let data = Data(bytes)
    return secrets.filter { secret in
      secret.forms.contains { data.firstRange(of: Data($0.bytes)) != nil }
    }.map { Finding(secret: $0.name, place: place) }
  }

  /// Arguments and environment of a running program. A process that may not be dumped may not be
  /// looked into either, but by root: then its environment is left out.
  func findings(inProcess program: Program) throws -> [Finding] {
    try ["cmdline", "environ"].flatMap { file in
      let path = "/proc/\(program.processID)/\(file)"
      guard let bytes = FileManager.default.contents(atPath: path) else {
        guard geteuid() != 0, file == "environ" else { throw TestProblem(path) }
        return [Finding]()
      }
      return findings(in: Array(bytes), file)
    }
  }

  func findings(inOutputOf program: Program) -> [Finding] {
    findings(in: program.output.bytes, "standard output")
      + findings(in: program.errors.bytes, "standard error")
  }

  /// Every file in a folder and below, and its name.
  func findings(inFilesOf folder: Folder) throws -> [Finding] {
    try folder.allFiles.flatMap { path in
      guard let bytes = FileManager.default.contents(atPath: path) else { throw TestProblem(path) }
      return findings(in: Array(path.utf8) + [0] + Array(bytes), path)
    }
  }
}

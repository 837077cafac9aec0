import Cryptography
import Foundation
import SecretMemory
import Wire

/// A name with the secrets of one who claims it. A random digest stands for the passphrase: what
/// Argon2id costs is not tested here.
struct Account: Sendable {
  let name: PrincipalName
  private let digestBytes: [UInt8]
  private let identitySeed: [UInt8]

  init(_ name: PrincipalName) {
    self.init(name: name, digestBytes: randomBytes(32))
  }

  private init(name: PrincipalName, digestBytes: [UInt8]) {
    self.name = name
    self.digestBytes = digestBytes
    identitySeed = randomBytes(32)
  }

  /// The same user at another device: the same secret, another identity key.
  var elsewhere: Account { Account(name: name, digestBytes: digestBytes) }

  var digest: SecretBytes { SecretBytes(copying: digestBytes.bytes) }
  var identity: SigningKey { SigningKey(seed: SecretBytes(copying: identitySeed.bytes)) }

  /// The line that an operator writes by hand for this user.
  var handwrittenLine: String {
    "name=\(name) ip=127.0.0.1 port=60000 kvno=7 argon2id=t3,m65536,p4 "
      + "salt=\(Self.base64(randomBytes(16))) digest=plain:\(Self.base64(digestBytes)) state=active"
  }

  private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}

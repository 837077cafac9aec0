import Cryptography
import KeyDistribution
import SecretMemory
import Testing
import Wire

@Suite("S1-S2: the salt of a name")
struct SaltTests {
  @Test("S2: unknown, known, disabled and removed names get answers of one form")
  func sameForm() throws {
    let kdc = try TestKDC()
    for name in ["known", "disabled", "removed"] { try kdc.register(TestUser(name)) }
    kdc.directory.edit(try principal("disabled")) { $0.state = .disabled }
    kdc.directory.edit(try principal("removed")) { $0.state = .removed }
    var lengths: Set<Int> = []
    for name in ["unknown", "known", "disabled", "removed"] {
      let request = try kdc.epoch().askForSalt(of: principal(name))
      let answer = kdc.handle(request.message)
      #expect(answer.notBefore == nil)
      #expect(answer.event == nil)
      let message = try #require(answer.message)
      lengths.insert(message.count)
      let salt = try request.next.receive(message)
      #expect(salt.time == kdc.now)
      #expect(salt.value.parameters == .passphrase)
      #expect(salt.value.salt.count == 16)
    }
    #expect(lengths.count == 1)
  }

  @Test("S2: registering a name does not change what is told of it, and asking again neither")
  func stable() throws {
    let kdc = try TestKDC()
    let name = try principal("alice")
    let before = try kdc.salt(of: name)
    kdc.advance(.hours(5))
    #expect(try kdc.salt(of: name) == before)
    try kdc.register(TestUser("alice"))
    #expect(try kdc.salt(of: name) == before)
  }

  @Test("S2: names and realms have salts of their own, and kvnos that say nothing")
  func distinct() throws {
    let kdc = try TestKDC(seed: "one")
    let other = try TestKDC(seed: "another")
    let names = try (0..<40).map { try principal("user\($0)") }
    let salts = try names.map { try kdc.salt(of: $0) }
    #expect(Set(salts.map(\.salt)).count == names.count)
    #expect(Set(salts.map(\.keyVersion)).count > names.count / 2)
    #expect(salts.allSatisfy { (1...65536).contains($0.keyVersion) })
    #expect(try other.salt(of: names[0]) != salts[0])
  }

  @Test("S2: a removed name is told the kvno after its last")
  func removed() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    let before = try kdc.salt(of: user.name)
    kdc.directory.edit(user.name) { $0.state = .removed }
    let after = try kdc.salt(of: user.name)
    #expect(after.keyVersion == before.keyVersion + 1)
    #expect(after.salt == before.salt)
  }

  @Test("S2: an answer opens only for who asked")
  func splice() throws {
    let kdc = try TestKDC()
    let epoch = try kdc.epoch()
    let mine = try epoch.askForSalt(of: principal("alice"))
    let other = try epoch.askForSalt(of: principal("alice"))
    let answer = try kdc.reply(to: other.message)
    #expect(mine.next.failure(on: answer) == .notAuthentic)
  }

  @Test(
    "S2: Argon2 at less than RFC 9106 recommends, or at more than a machine has, is refused",
    arguments: [
      Argon2Parameters(iterations: 2, memoryKiB: 65536, parallelism: 4),
      Argon2Parameters(iterations: 3, memoryKiB: 65535, parallelism: 4),
      Argon2Parameters(iterations: 17, memoryKiB: 65536, parallelism: 4),
      Argon2Parameters(iterations: 3, memoryKiB: (1 << 20) + 1, parallelism: 4),
      Argon2Parameters(iterations: 3, memoryKiB: 65536, parallelism: 0),
      Argon2Parameters(iterations: 3, memoryKiB: 65536, parallelism: 17),
      Argon2Parameters(iterations: .max, memoryKiB: .max, parallelism: .max), .minimum,
    ])
  func downgrade(parameters: Argon2Parameters) {
    let passphrase = SecretBytes(copying: text("correct horse").bytes)
    let failure = exchangeFailure {
      _ = try AccountSecret(
        passphrase: passphrase, parameters: parameters, salt: [UInt8](repeating: 1, count: 16))
    }
    #expect(failure == .parametersOutOfBounds)
  }

  @Test("S2: a salt of another length is refused", arguments: [0, 8, 15, 17])
  func saltLength(count: Int) {
    let passphrase = SecretBytes(copying: text("correct horse").bytes)
    let failure = exchangeFailure {
      _ = try AccountSecret(
        passphrase: passphrase, parameters: .passphrase, salt: [UInt8](repeating: 1, count: count))
    }
    #expect(failure == .parametersOutOfBounds)
  }
}

import Cryptography
import SecretMemory
import Testing

struct Argon2Tests {
  struct Vector: Sendable {
    let iterations, memoryKiB, parallelism: UInt32
    let password, salt, hash: String
  }

  /// The reference implementation's own for Argon2id, version 0x13. (RFC 9106's single one has a
  /// secret and associated data, which nothing here uses.)
  @Test(arguments: [
    Vector(
      iterations: 2, memoryKiB: 65536, parallelism: 1, password: "password", salt: "somesalt",
      hash: "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"),
    Vector(
      iterations: 2, memoryKiB: 256, parallelism: 1, password: "password", salt: "somesalt",
      hash: "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
    Vector(
      iterations: 2, memoryKiB: 256, parallelism: 2, password: "password", salt: "somesalt",
      hash: "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
    Vector(
      iterations: 1, memoryKiB: 65536, parallelism: 1, password: "password", salt: "somesalt",
      hash: "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98"),
    Vector(
      iterations: 4, memoryKiB: 65536, parallelism: 1, password: "password", salt: "somesalt",
      hash: "9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c"),
    Vector(
      iterations: 2, memoryKiB: 65536, parallelism: 1, password: "differentpassword",
      salt: "somesalt",
      hash: "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde"),
    Vector(
      iterations: 2, memoryKiB: 65536, parallelism: 1, password: "password", salt: "diffsalt",
      hash: "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c"),
  ])
  func published(_ vector: Vector) throws {
    let hash = try Argon2.hash(
      Array(vector.password.utf8).bytes, salt: Array(vector.salt.utf8).bytes,
      parameters: Argon2Parameters(
        iterations: vector.iterations, memoryKiB: vector.memoryKiB,
        parallelism: vector.parallelism),
      count: 32)
    #expect([UInt8](hash.bytes) == hex(vector.hash))
  }

  /// RFC 9106, section 4: the second recommended option.
  @Test func passphraseCosts() {
    let expected = Argon2Parameters(iterations: 3, memoryKiB: 64 * 1024, parallelism: 4)
    #expect(Argon2Parameters.passphrase == expected)
  }

  @Test func lengthAndSaltMatter() throws {
    let password = Array("password".utf8)
    let long = try Argon2.hash(
      password.bytes, salt: [UInt8](repeating: 1, count: 16).bytes, parameters: .minimum,
      count: 64)
    let short = try Argon2.hash(
      password.bytes, salt: [UInt8](repeating: 1, count: 16).bytes, parameters: .minimum,
      count: 32)
    let salted = try Argon2.hash(
      password.bytes, salt: [UInt8](repeating: 2, count: 16).bytes, parameters: .minimum,
      count: 32)
    #expect(long.count == 64)
    #expect([UInt8](long.bytes.extracting(first: 32)) != [UInt8](short.bytes))
    #expect([UInt8](short.bytes) != [UInt8](salted.bytes))
  }

  struct Refused: Sendable {
    let iterations, memoryKiB, parallelism: UInt32
    let saltByteCount, count: Int
  }

  @Test(arguments: [
    Refused(iterations: 0, memoryKiB: 8, parallelism: 1, saltByteCount: 16, count: 32),
    Refused(iterations: 1, memoryKiB: 7, parallelism: 1, saltByteCount: 16, count: 32),
    Refused(iterations: 1, memoryKiB: 8, parallelism: 0, saltByteCount: 16, count: 32),
    Refused(iterations: 1, memoryKiB: 8, parallelism: 2, saltByteCount: 16, count: 32),
    Refused(iterations: 1, memoryKiB: 8, parallelism: 1, saltByteCount: 7, count: 32),
    Refused(iterations: 1, memoryKiB: 8, parallelism: 1, saltByteCount: 0, count: 32),
    Refused(iterations: 1, memoryKiB: 8, parallelism: 1, saltByteCount: 16, count: 3),
    Refused(iterations: 1, memoryKiB: 8, parallelism: 1, saltByteCount: 16, count: 0),
    Refused(iterations: 1, memoryKiB: 8, parallelism: 1, saltByteCount: 16, count: -1),
  ])
  func outsideOfTheRFCIsRefused(_ refused: Refused) {
    let error = failure { () throws(Argon2Failure) in
      _ = try Argon2.hash(
        Array("password".utf8).bytes,
        salt: [UInt8](repeating: 1, count: refused.saltByteCount).bytes,
        parameters: Argon2Parameters(
          iterations: refused.iterations, memoryKiB: refused.memoryKiB,
          parallelism: refused.parallelism),
        count: refused.count)
    }
    #expect(error == .parameters)
  }

  @Test func anEmptyPasswordIsOne() throws {
    let hash = try Argon2.hash(
      RawSpan(), salt: [UInt8](repeating: 1, count: 16).bytes, parameters: .minimum, count: 32)
    #expect([UInt8](hash.bytes) != [UInt8](repeating: 0, count: 32))
  }
}

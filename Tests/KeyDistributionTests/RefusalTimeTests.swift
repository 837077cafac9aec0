import Cryptography
import SecretMemory
import Testing
import TimingHarness
import Wire

@testable import KeyDistribution

/// HOSTILE B 9: how long the KDC works on a proof before it refuses it (L2). The answer leaves at a
/// fixed delay whatever that was; but other connections must not notice it either.
///
/// Each test takes a few seconds at most.
@Suite(.serialized) final class RefusalTimeTests {
  /// Takes a proof that is to be refused.
  private typealias Check = (borrowing ProofClaim, PrincipalName, UserRecord?) throws -> Void

  private static let rounds = 4000

  private let kdc: TestKDC
  private let alice: UserRecord
  private let carol: UserRecord
  private let claim: ProofClaim

  init() throws {
    kdc = try TestKDC()
    for name in ["alice", "carol"] { try kdc.register(TestUser(name)) }
    kdc.directory.edit(try principal("carol")) { $0.state = .disabled }
    alice = try #require(kdc.directory.users[try principal("alice")])
    carol = try #require(kdc.directory.users[try principal("carol")])
    claim = ProofClaim(
      proof: [UInt8](repeating: 7, count: 32), content: SecretBytes(count: 1400) { _ in })
  }

  private enum Kind: CaseIterable {
    case wrongProof, unknownName, disabled
  }

  private func verify(
    _ claim: borrowing ProofClaim, _ name: PrincipalName, _ user: UserRecord?
  ) throws {
    _ = try kdc.center.verify(
      claim, of: name, keyVersion: user?.keyVersion ?? alice.keyVersion, user: user)
  }

  /// Nanoseconds of each kind, taken in turns that begin with another one each time.
  private func samples(_ check: Check) throws -> [Kind: [Double]] {
    let unknown = try principal("mallory")
    var samples: [Kind: [Double]] = [:]
    for kind in Kind.allCases { samples[kind] = [] }
    for round in 0..<Self.rounds {
      for turn in 0..<Kind.allCases.count {
        let kind = Kind.allCases[(round + turn) % Kind.allCases.count]
        let (name, user): (PrincipalName, UserRecord?) =
          switch kind {
          case .wrongProof: (alice.name, alice)
          case .unknownName: (unknown, nil)
          case .disabled: (carol.name, carol)
          }
        let start = threadTime()
        #expect(throws: Refusal.self) { try check(claim, name, user) }
        samples[kind]?.append(threadTime() - start)
      }
    }
    return samples
  }

  private func tests(_ check: Check) throws -> [WelchTest] {
    let samples = try samples(check)
    let wrong = try #require(samples[.wrongProof])
    return try [Kind.unknownName, .disabled].map { kind in
      let test = WelchTest(wrong, try #require(samples[kind]))
      print(
        "wrong proof and \(kind): \(Int(test.difference)) ns, t \(test.t), finds \(Int(test.power)) ns"
      )
      return test
    }
  }

  @Test("An unknown name, a disabled user and a wrong passphrase take the same time")
  func sameTime() throws {
    for test in try tests(verify) {
      #expect(!test.differs)
      // Or it would say little: an Argon2id at its least cost takes longer.
      #expect(test.power < 5000)
    }
  }

  @Test("A check that gives up at once is found out")
  func earlyExit() throws {
    let found = try tests { claim, name, user in
      guard let user, user.state == .active else { throw Refusal(.unknownName) }
      try verify(claim, name, user)
    }
    for test in found { #expect(test.differs) }
  }

  @Test("So are five microseconds on either side, of the same work otherwise")
  func planted() throws {
    let samples = try #require(try samples(verify)[.wrongProof])
    let halves = (0...1).map { half in
      samples.indices.filter { $0 % 2 == half }.map { samples[$0] }
    }
    #expect(!WelchTest(halves[0], halves[1]).differs)
    #expect(WelchTest(halves[0].map { $0 + 5000 }, halves[1]).differs)
    #expect(WelchTest(halves[0], halves[1].map { $0 + 5000 }).differs)
  }
}

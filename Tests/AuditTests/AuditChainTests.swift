import Cryptography
import SecretMemory
import Testing

@testable import Audit

/// Every way to bend a small chain is found, and told where it is.
@Suite struct AuditChainTests {
  private struct Unreadable: Error {}

  /// A file of twelve records with checkpoints at 4, 8 and 11, and the state after it.
  private struct Sample: ~Copyable {
    let initial: SecretBytes
    let identity: VerifyingKey
    var lines: [[UInt8]] = []
    /// After each number of records.
    var states: [[UInt8]] = []

    init(seed: UInt8 = 1) {
      initial = SecretBytes(copying: [UInt8](repeating: seed, count: 32).bytes)
      let signer = SigningKey(seed: SecretBytes(copying: [UInt8](repeating: 9, count: 32).bytes))
      identity = signer.publicKey
      var chain = AuditChain(
        AuditState(initialKey: initial.duplicate()), identity: signer.publicKey)
      var length: UInt64 = 0
      states.append([UInt8](chain.state(length: 0).encoded().bytes))
      for number in 0..<12 {
        var text: [UInt8] = []
        let time = "2026-01-02T03:04:05.0\(10 + number)Z"
        if [4, 8, 11].contains(number) {
          chain.sealCheckpoint(time: time, into: &text) { signer.sign($0) }
        } else {
          chain.seal(
            [UInt8](#""time":"\#(time)","event":"logged-in","name":"user\#(number)""#.utf8),
            into: &text)
        }
        length += UInt64(text.count)
        lines.append(text.dropLast())
        states.append([UInt8](chain.state(length: length).encoded().bytes))
      }
    }

    func state(_ count: Int) throws -> AuditState {
      let bytes = states[count]
      guard let state = AuditState(bytes.bytes) else { throw Unreadable() }
      return state
    }

    /// - Parameter stateAt: with the state after so many records.
    func verify(
      _ lines: [[UInt8]], withKey: Bool = true, stateAt: Int? = nil, isTorn: Bool = false
    ) -> AuditVerdict {
      let key: SecretBytes? = withKey ? initial.duplicate() : nil
      let bytes = stateAt.map { states[$0] } ?? []
      let state: AuditState? = AuditState(bytes.bytes)
      var verifier = AuditVerifier(identities: [identity], initialKey: key, state: state)
      for line in lines { verifier.take(line) }
      return verifier.finish(isTorn: isTorn)
    }
  }

  @Test("A file that nobody touched is good, with key and without, at every state and length")
  func good() {
    let sample = Sample()
    let whole = sample.verify(sample.lines)
    #expect(whole.isGood && whole.authenticCount == 12 && whole.checkpointCount == 3)
    #expect(sample.verify(sample.lines, withKey: false).isGood)
    // The state may be behind the file, which was killed then, but never ahead of it.
    for end in 0...12 {
      for count in 0...end {
        for withKey in [true, false] {
          let verdict = sample.verify(
            Array(sample.lines[..<end]), withKey: withKey, stateAt: count, isTorn: true)
          #expect(verdict.isGood, "\(end) \(count) \(verdict.findings)")
          #expect(verdict.authenticCount == (withKey ? end : end - count))
        }
      }
    }
  }

  @Test("Every bit of every line counts, and the finding names the line")
  func edited() {
    let sample = Sample()
    for place in sample.lines.indices {
      for position in sample.lines[place].indices {
        var lines = sample.lines
        lines[place][position] ^= 1
        let verdict = sample.verify(lines)
        #expect(verdict.findings.first?.line == place + 1, "\(place) \(position)")
        // By checkpoints alone: in that stretch, or at the line itself.
        let byCheckpoints = sample.verify(lines, withKey: false)
        if place < 11 {
          #expect(!byCheckpoints.isGood, "\(place) \(position)")
        }
        // The state covers the last one as well.
        #expect(!sample.verify(lines, withKey: false, stateAt: 12).isGood, "\(place) \(position)")
      }
    }
  }

  @Test("Every line that is removed, one or several, is found where it was")
  func removed() {
    let sample = Sample()
    for first in 0..<11 {
      for last in first..<11 {
        let lines = Array(sample.lines[..<first] + sample.lines[(last + 1)...])
        for withKey in [true, false] {
          let verdict = sample.verify(lines, withKey: withKey)
          #expect(
            verdict.findings.first
              == AuditFinding(line: first + 1, what: .missing(UInt64(first)...UInt64(last))))
        }
      }
    }
  }

  @Test("Every exchange of two lines, and every line that comes twice, is found")
  func reordered() {
    let sample = Sample()
    for first in 0..<12 {
      for second in 0..<12 where second != first {
        var lines = sample.lines
        lines.swapAt(first, second)
        for withKey in [true, false] {
          let verdict = sample.verify(lines, withKey: withKey)
          #expect(verdict.findings.first?.line == min(first, second) + 1)
        }
      }
      for second in (first + 1)...12 {
        var lines = sample.lines
        lines.insert(lines[first], at: second)
        let verdict = sample.verify(lines, withKey: false)
        #expect(
          verdict.findings.first
            == AuditFinding(line: second + 1, what: .outOfPlace(number: UInt64(first))))
      }
    }
  }

  @Test("Every cut of the tail is found by the state; without it the last checkpoint is told")
  func cut() {
    let sample = Sample()
    for end in 0..<12 {
      let lines = Array(sample.lines[..<end])
      for withKey in [true, false] {
        let verdict = sample.verify(lines, withKey: withKey, stateAt: 12)
        #expect(
          verdict.findings == [AuditFinding(line: end + 1, what: .cut(UInt64(end)...11))])
      }
      let alone = sample.verify(lines, withKey: false)
      #expect(alone.isGood && alone.lastCheckpointLine == (end > 8 ? 9 : end > 4 ? 5 : 0))
      #expect(!sample.verify(lines, isTorn: true).isGood)
    }
  }

  @Test("Who has the present key cannot write records of before, nor go on after a cut")
  func forwardSecure() throws {
    let sample = Sample()
    let stolen = try sample.state(12)
    // From the stolen key on, another tail that takes the place of the last six records.
    let forged = AuditState(
      count: 6, length: 0, mac: [UInt8](repeating: 0, count: 32), head: stolen.head,
      key: stolen.key.duplicate())
    var chain = AuditChain(forged, identity: sample.identity)
    var lines = Array(sample.lines[..<6])
    for _ in 6..<12 {
      var text: [UInt8] = []
      chain.seal([UInt8](#""time":"x","event":"logged-in""#.utf8), into: &text)
      lines.append(text.dropLast())
    }
    #expect(sample.verify(lines).findings.first?.line == 7)
    #expect(!sample.verify(lines, withKey: false, stateAt: 12).isGood)
  }

  @Test("Another chain, another KDC and another state are not taken for these")
  func foreign() throws {
    let sample = Sample()
    let other = Sample(seed: 2)
    #expect(sample.verify(other.lines).findings.first?.line == 1)
    let state = try other.state(12)
    var verifier = AuditVerifier(
      identities: [sample.identity], initialKey: sample.initial.duplicate(), state: state)
    for line in sample.lines { verifier.take(line) }
    let findings = verifier.finish(isTorn: false).findings
    #expect(findings.contains { $0.what == .foreignState })
    let stranger = SigningKey(seed: sample.initial.duplicate()).publicKey
    var distrusting = AuditVerifier(identities: [stranger], initialKey: nil, state: nil)
    for line in sample.lines { distrusting.take(line) }
    let verdict = distrusting.finish(isTorn: false)
    #expect(verdict.findings.first == AuditFinding(line: 5, what: .badSignature(number: 4)))
  }

  @Test("After a crash the chain takes over its own records and nothing else")
  func adopted() throws {
    let sample = Sample()
    let state = try sample.state(3)
    var chain = AuditChain(state, identity: sample.identity)
    var bent = sample.lines[3]
    bent[30] ^= 1
    #expect(!chain.adopt(bent) && !chain.adopt(sample.lines[4]) && !chain.adopt([]))
    for line in sample.lines[3...] {
      let isAdopted = chain.adopt(line)
      #expect(isAdopted)
    }
    #expect(chain.count == 12 && chain.mac == AuditRecord(sample.lines[11])?.mac)
  }

  @Test("A state and an initial key are read back; with any bit changed they are not")
  func encoded() {
    let sample = Sample()
    let bytes = sample.states[5]
    #expect(bytes.count == AuditState.byteCount)
    let initial = [UInt8](AuditState.encode(initialKey: sample.initial).bytes)
    for position in bytes.indices {
      var bent = bytes
      bent[position] ^= 4
      let isRead = AuditState(bent.bytes) != nil
      #expect(!isRead)
    }
    for position in initial.indices {
      var bent = initial
      bent[position] ^= 4
      let isRead = AuditState.decode(initialKey: bent.bytes) != nil
      #expect(!isRead)
    }
    let isRead = AuditState.decode(initialKey: initial.bytes) != nil
    #expect(isRead)
  }

  @Test("Hostile numbers neither trap nor take for ever")
  func hostileNumbers() {
    let sample = Sample()
    let mac = String(repeating: "0", count: 64)
    for number in ["18446744073709551615", "9000000000000000000", "12", "012", "-1", "1e3", ""] {
      let line = [UInt8](#"{"n":\#(number),"time":"x","mac":"\#(mac)"}"#.utf8)
      for lines in [sample.lines + [line], [line] + sample.lines, [line, line]] {
        #expect(!sample.verify(lines).isGood)
        _ = sample.verify(lines, withKey: false, stateAt: 12)
      }
    }
  }

  @Test("A file that begins later is verified by its own word for what was before, with key or not")
  func later() throws {
    let sample = Sample()
    let state = try sample.state(6)
    var chain = AuditChain(state, identity: sample.identity)
    let signer = SigningKey(seed: SecretBytes(copying: [UInt8](repeating: 9, count: 32).bytes))
    var lines: [[UInt8]] = []
    for number in 0..<4 {
      var text: [UInt8] = []
      let time = "2026-01-02T03:04:05.678Z"
      let members = [UInt8](#""time":"\#(time)","event":"continued""#.utf8)
      if number == 0 {
        chain.sealBeginning(members, into: &text)
      } else if number == 1 {
        chain.sealCheckpoint(time: time, into: &text) { signer.sign($0) }
      } else {
        chain.seal(members, into: &text)
      }
      lines.append(text.dropLast())
    }
    func verify(_ lines: [[UInt8]], withKey: Bool, isLater: Bool) -> AuditVerdict {
      let key: SecretBytes? = withKey ? sample.initial.duplicate() : nil
      let last = chain.state(length: 1)
      var verifier = AuditVerifier(
        identities: [sample.identity], initialKey: key, state: last, beginsLater: isLater)
      for line in lines { verifier.take(line) }
      return verifier.finish(isTorn: false)
    }
    for withKey in [true, false] {
      let verdict = verify(lines, withKey: withKey, isLater: true)
      #expect(verdict.isGood && verdict.firstNumber == 6 && verdict.checkpointCount == 1)
      #expect(verdict.authenticCount == (withKey ? 4 : 0))
      #expect(!verify(lines, withKey: withKey, isLater: false).isGood)
      #expect(!verify(Array(lines.dropFirst()), withKey: withKey, isLater: true).isGood)
      #expect(verify(sample.lines[..<6] + lines, withKey: withKey, isLater: false).isGood)
      for place in lines.indices {
        var bent = lines
        bent[place][40] ^= 1
        #expect(!verify(bent, withKey: withKey, isLater: true).isGood, "\(place)")
      }
      // A state that is behind the files is passed over, and none traps.
      #expect(sample.verify(lines, withKey: withKey, stateAt: 3).findings.count > 0)
    }
  }
}

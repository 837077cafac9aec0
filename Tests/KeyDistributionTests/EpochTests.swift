import KeyDistribution
import SecretMemory
import Testing
import Wire

@Suite("E1-E4: the signed epoch key")
struct EpochTests {
  @Test("E4: another identity than the pinned one is refused")
  func otherIdentity() throws {
    let kdc = try TestKDC(seed: "one")
    let other = try TestKDC(seed: "another")
    let announced = try AnnouncedEpoch(other.reply(to: AnnouncedEpoch.request))
    let failure = exchangeFailure {
      _ = try announced.accept(pinned: kdc.realm, at: .kdcClock(kdc.now))
    }
    #expect(failure == .identityChanged)
    #expect(announced.realm == other.realm)
  }

  @Test("E3: an announcement signed by somebody else's identity is not authentic")
  func foreignSignature() throws {
    let kdc = try TestKDC(seed: "one")
    let other = try TestKDC(seed: "another")
    // The identity of the one over the announcement of the other.
    let spliced =
      try [UInt8](kdc.reply(to: AnnouncedEpoch.request)[..<(2 + 32)])
      + other.reply(to: AnnouncedEpoch.request)[(2 + 32)...]
    #expect(exchangeFailure { _ = try AnnouncedEpoch(spliced) } == .notAuthentic)
  }

  @Test("E4: judged by KDC time, a stale or a future key is refused after two minutes")
  func currentByKDCTime() throws {
    let kdc = try TestKDC()
    let announced = try AnnouncedEpoch(kdc.reply(to: AnnouncedEpoch.request))
    let end = kdc.now + CenterPolicy().epochLifetime
    let moments: [(Timestamp, ExchangeFailure?)] = [
      (kdc.now - .minutes(2), nil), (kdc.now - .minutes(2) - .milliseconds(1), .epochNotCurrent),
      (end + .minutes(2), nil), (end + .minutes(2) + .milliseconds(1), .epochNotCurrent),
    ]
    for (moment, expected) in moments {
      let failure = exchangeFailure {
        _ = try announced.accept(pinned: kdc.realm, at: .kdcClock(moment))
      }
      #expect(failure == expected, "at \(moment)")
    }
  }

  @Test("E4: by the wall clock, a day either way")
  func currentByWallClock() throws {
    let kdc = try TestKDC()
    let announced = try AnnouncedEpoch(kdc.reply(to: AnnouncedEpoch.request))
    let end = kdc.now + CenterPolicy().epochLifetime
    let moments: [(Timestamp, ExchangeFailure?)] = [
      (kdc.now - .days(1), nil), (kdc.now - .days(1) - .milliseconds(1), .epochNotCurrent),
      (end + .days(1), nil), (end + .days(1) + .milliseconds(1), .epochNotCurrent),
      (Timestamp(milliseconds: 0), .epochNotCurrent),
      (Timestamp(milliseconds: .max), .epochNotCurrent),
    ]
    for (moment, expected) in moments {
      let failure = exchangeFailure {
        _ = try announced.accept(pinned: kdc.realm, at: .wallClock(moment))
      }
      #expect(failure == expected, "at \(moment)")
    }
  }

  @Test("E4: a key that lives longer than a day is refused, even of the pinned KDC")
  func longLived() throws {
    var policy = CenterPolicy()
    policy.epochLifetime = .hours(24)
    let longest = try TestKDC(policy: policy)
    _ = try longest.epoch()
    policy.epochLifetime = .hours(24) + .milliseconds(1)
    let tooLong = try TestKDC(policy: policy)
    #expect(exchangeFailure { _ = try tooLong.epoch() } == .epochNotCurrent)
  }

  @Test("E2: a new key after half an hour; the one before it serves to its end, then it is gone")
  func renewal() throws {
    let kdc = try TestKDC()
    let name = try principal("alice")
    let first = try kdc.reply(to: AnnouncedEpoch.request)
    let old = try kdc.epoch()
    kdc.advance(.milliseconds(30 * 60_000 - 1))
    #expect(try kdc.reply(to: AnnouncedEpoch.request) == first)
    kdc.advance(.milliseconds(1))
    #expect(try kdc.reply(to: AnnouncedEpoch.request) != first)

    kdc.advance(.minutes(30))
    let lastCall = try old.askForSalt(of: name)
    _ = try lastCall.next.receive(kdc.reply(to: lastCall.message))

    kdc.advance(.milliseconds(1))
    let tooLate = try old.askForSalt(of: name)
    let answer = try kdc.reply(to: tooLate.message)
    #expect(tooLate.next.failure(on: answer) == .failed(.epochUnknown))
    #expect(kdc.lastRefusal == .epochUnknown)
  }

  @Test("CVE-2014-5351: an epoch key whose time is over does not come back with the clock")
  func erased() throws {
    let kdc = try TestKDC()
    let old = try kdc.epoch()
    let start = kdc.now
    kdc.advance(.minutes(61))
    _ = kdc.center.maintain(at: kdc.now, random: &kdc.random)
    kdc.now = start
    let request = try old.askForSalt(of: principal("alice"))
    let answer = try kdc.reply(to: request.message)
    #expect(request.next.failure(on: answer) == .failed(.epochUnknown))
  }

  @Test("E1: an epoch request with bytes after its end is malformed")
  func trailingBytes() throws {
    let kdc = try TestKDC()
    let answer = kdc.handle(AnnouncedEpoch.request + [0])
    #expect(answer.message == [1, 8, 1])
    #expect(kdc.lastRefusal == .malformed)
  }
}

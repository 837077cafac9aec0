import Cryptography
import FuzzSupport
import SecretMemory
import Wire

@testable import Audit

/// Audit trails: any lines, and a genuine trail that was bent. Verification finds whatever was bent,
/// and no page has anything in it that a browser would run.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  switch input.byte() % 5 {
  case 0: _ = verdict(on: lines(of: input.remainder()).whole, withKey: true, withState: true)
  case 1: _ = verdict(on: lines(of: input.remainder()).whole, withKey: false, withState: false)
  case 2: bentTrail(&input)
  case 3: bentState(&input)
  default: page(lines(of: templates.mutated(by: &input)).whole)
  }
  return 0
}

/// A trail of six records, with a checkpoint, and its state.
private struct Trail: ~Copyable {
  let initial = SecretBytes(copying: [UInt8](repeating: 1, count: 32).bytes)
  let signer = SigningKey(seed: SecretBytes(copying: [UInt8](repeating: 2, count: 32).bytes))
  var text: [UInt8] = []
  var state: [UInt8] = []

  init() {
    var chain = AuditChain(
      AuditState(initialKey: initial.duplicate()), identity: signer.publicKey)
    let time = "2026-01-02T03:04:05.678Z"
    chain.sealBeginning([UInt8](#""time":"\#(time)","event":"started""#.utf8), into: &text)
    for number in 0..<4 {
      let members = #""time":"\#(time)","event":"key-issued","name":"a\#(number)","for":"b""#
      chain.seal([UInt8](members.utf8), into: &text)
      if number == 2 {
        chain.sealCheckpoint(time: time, into: &text) { signer.sign($0) }
      }
    }
    let state = chain.state(length: UInt64(text.count)).encoded()
    self.state = [UInt8](state.bytes)
  }
}

private let trail = Trail()
private let templates = [UInt8](
  """
  {"n":0,"time":"2026-01-02T03:04:05.678Z","event":"key-issued","name":"\\u0022<a>","for":"b"}
  {"n":1,"time":"2026-01-03T03:04:05.678Z","event":"refused","reason":"<script>","from":"[::1]:1"}
  {"n":2,"time":"9999-12-31T23:59:59.999Z","event":"gap","events":9223372036854775807}
  {"n":3,"time":"1970-01-01T00:00:00.000Z","event":"logged-in","name":"x"}

  """.utf8)

private func lines(of text: [UInt8]) -> (whole: [[UInt8]], isTorn: Bool) {
  var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  let last = lines.popLast() ?? []
  return (lines.map { [UInt8]($0) }, !last.isEmpty)
}

private func verdict(on lines: [[UInt8]], withKey: Bool, withState: Bool) -> AuditVerdict {
  let key: SecretBytes? = withKey ? trail.initial.duplicate() : nil
  let bytes = withState ? trail.state : []
  let state: AuditState? = AuditState(bytes.bytes)
  var verifier = AuditVerifier(
    identities: [trail.signer.publicKey], initialKey: key, state: state,
    beginsLater: !withState)
  for line in lines { verifier.take(line) }
  return verifier.finish(isTorn: false)
}

private func bentTrail(_ input: inout FuzzInput) {
  let text = trail.text.mutated(by: &input)
  let found = lines(of: text).whole
  let isGenuine = found == lines(of: trail.text).whole
  for withKey in [true, false] {
    let verdict = verdict(on: found, withKey: withKey, withState: true)
    expect(verdict.isGood == isGenuine, "what was bent is found, and nothing else")
  }
}

private func bentState(_ input: inout FuzzInput) {
  let bytes = trail.state.mutated(by: &input)
  let isRead = AuditState(bytes.bytes) != nil
  expect(isRead == (bytes == trail.state), "a state has one spelling")
}

private func page(_ lines: [[UInt8]]) {
  var report = AuditReport()
  for line in lines { report.take(line) }
  let html = ReportPage(
    report, verdict(on: lines, withKey: true, withState: true), hasKey: true
  ).html()
  expect(!html.contains("<script") && !html.contains("<a"), "a page has no foreign elements")
}

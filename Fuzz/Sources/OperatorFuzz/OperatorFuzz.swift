import FuzzSupport
import Operation
import SecretMemory
import Wire

/// What comes from the operator's socket, and from files in JSON: any bytes, and valid requests
/// that were bent. What is read is written as it was read; and a KDC on real files does it, or not.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  switch input.byte() % 4 {
  case 0: read(input.remainder())
  case 1: read(bent(&input))
  default:
    var desk: [[UInt8]] = []
    repeat {
      // Few lines are requests unless they begin as ones.
      desk.append(input.byte() % 4 == 0 ? input.prefixed() : bent(&input))
    } while desk.count < 4 && !input.isEmpty
    OperatorBench.carryOut(desk)
  }
  return 0
}

private func bent(_ input: inout FuzzInput) -> [UInt8] {
  let template = templates[Int(input.byte()) % templates.count]
  return [UInt8]("\(template.json)".utf8).mutated(by: &input)
}

private func read(_ line: [UInt8]) {
  guard let value = try? JSONValue(line) else { return }
  let again = try? JSONValue([UInt8]("\(value)".utf8))
  expect(again == value, "what is read is written the same")
  guard let request = OperatorRequest(value) else { return }
  expect(OperatorRequest(request.json) == request, "a request that is sent on is the same")
}

private let templates: [OperatorRequest] = {
  let (alice, bob, carol) = (World.name("alice"), World.name("bob"), World.name("carol"))
  return [
    .list, .status, .rotateStorageKey, .rotateIdentity, .invite(nil, .hours(1)),
    .add(line: "name=bob ip=192.0.2.1 port=1"), .show(bob), .disable(bob), .enable(bob),
    .remove(bob), .reset(bob, .days(1)), .allow(bob, callers: nil), .allow(bob, callers: [alice]),
    .invite(bob, .days(7)), .add(line: OperatorBench.carol), .remove(alice),
    .invite(carol, .days(1)), .disable(alice), .show(carol),
  ]
}()

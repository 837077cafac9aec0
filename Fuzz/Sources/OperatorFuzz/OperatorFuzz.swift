import FuzzSupport
import Operation
import SecretMemory
import Wire

/// What comes from the operator's socket, and from files in JSON: any bytes, and valid requests
/// that were bent. What is read is written as it was read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  let line: [UInt8]
  if input.byte() % 2 == 0 {
    line = input.remainder()
  } else {
    let template = templates[Int(input.byte()) % templates.count]
    line = "\(template.json)".utf8.mutated(by: &input)
  }
  guard let value = try? JSONValue(line) else { return 0 }
  let again = try? JSONValue([UInt8]("\(value)".utf8))
  precondition(again == value, "written otherwise than read")
  guard let request = OperatorRequest(value) else { return 0 }
  precondition(OperatorRequest(request.json) == request, "a request is another when it is sent on")
  return 0
}

private let bob = PrincipalName("bob")

private let templates: [OperatorRequest] =
  [
    .list, .status, .rotateStorageKey, .rotateIdentity, .invite(nil, .hours(1)),
    .add(line: "name=bob ip=192.0.2.1 port=1"),
  ]
  + (bob.map { bob in
    [
      .show(bob), .disable(bob), .enable(bob), .remove(bob), .reset(bob, .days(1)),
      .allow(bob, callers: nil), .allow(bob, callers: [bob]), .invite(bob, .days(7)),
    ]
  } ?? [])

extension String.UTF8View {
  fileprivate func mutated(by input: inout FuzzInput) -> [UInt8] {
    [UInt8](self).mutated(by: &input)
  }
}

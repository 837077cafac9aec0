import FuzzSupport

@testable import Transport

/// Answers of a name server to who looks for a KDC: any bytes, and SRV records that are bent. Each
/// is read, or refused as a whole.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  switch input.byte() % 2 {
  case 0: answer(input.remainder(), 0)
  default: answer(template.mutated(by: &input), input.byte())
  }
  return 0
}

private func answer(_ bytes: [UInt8], _ picked: UInt8) {
  guard let records = ServiceResolver.records(in: bytes) else {
    return expect(bytes != template, "an answer as it should be is read")
  }
  expect(records.count <= 64, "so many at most")
  for record in records {
    expect(!record.host.isEmpty && record.host != ".", "a host has a name")
    expect(record.host.utf8.count <= 1024 && !record.host.utf8.contains(0), "of this length")
  }
  var largest: UInt32 = 0
  let ordered = ServiceRecord.ordered(records) { limit in
    largest = max(largest, limit)
    return limit == .max ? UInt32(picked) : UInt32(picked) % (limit + 1)
  }
  expect(largest <= 64 * 65_535, "the weights are added up")
  expect(ordered.map(\.priority) == records.map(\.priority).sorted(), "the lowest first")
  var rest = records
  for record in ordered {
    guard let place = rest.firstIndex(of: record) else { fatalError("broken: one of them, once") }
    rest.remove(at: place)
  }
  expect(rest.isEmpty, "all of them")
  guard bytes == template else { return }
  expect(records.map(\.host) == ["a.example", "b.example", "a.example"], "their names")
  expect(records.map(\.port) == [7000, 7001, 7002], "their ports")
}

/// Two hosts, one of them twice: names are spelled, or point to where they were.
private let template: [UInt8] = {
  let header: [UInt8] = [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 3, 0, 0, 0, 0]
  let question = name(["_trent", "_udp", "example"]) + [0, 33, 0, 1]
  let example = UInt8(header.count + 1 + 6 + 1 + 4)
  var records: [[UInt8]] = []
  for (number, host) in [UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "a")].enumerated() {
    let target: [UInt8] = [1, host, 0xc0, example]
    let port = 7000 + number
    let data = [0, UInt8(2 - number / 2), 0, 60] + [UInt8(port >> 8), UInt8(port & 255)] + target
    records.append(
      [0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, UInt8(data.count)] + data)
  }
  return header + question + records.joined()
}()

private func name(_ labels: [String]) -> [UInt8] {
  labels.flatMap { [UInt8($0.utf8.count)] + [UInt8]($0.utf8) } + [0]
}

import KeyDistribution
import SystemClock
import Wire

/// Text that is put together byte by byte. There may be many thousands of lines a second, which is
/// why none is put together out of strings.
struct EventText {
  private(set) var bytes: [UInt8] = []
  /// The text of the latest moment: most lines have the same one as the line before.
  private var moment = (Timestamp(milliseconds: 0), text: [UInt8]())

  /// Begins anew, with the same memory.
  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  mutating func append(_ time: Timestamp) {
    if moment.0 != time || moment.text.isEmpty {
      moment = (time, [UInt8](SystemClock.text(time).utf8))
    }
    bytes += moment.text
  }

  mutating func append(_ text: String) { bytes += text.utf8 }

  mutating func append(_ text: StaticString) {
    unsafe bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(_ name: PrincipalName) {
    unsafe name.spelling.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  mutating func append(_ purpose: Purpose) {
    switch purpose {
    case .session: append("session" as StaticString)
    case .service: append("service" as StaticString)
    case .deposit: append("deposit" as StaticString)
    }
  }

  mutating func append(_ address: NetworkAddress) {
    guard address.isIPv4 else { return append(address.description) }
    for shift in stride(from: 24, through: 0, by: -8) {
      append(decimal: Int(address.networkNumber >> UInt64(shift) & 255))
      bytes.append(shift > 0 ? UInt8(ascii: ".") : UInt8(ascii: ":"))
    }
    append(decimal: Int(address.port))
  }

  mutating func append(decimal number: Int) {
    if number >= 10 { append(decimal: number / 10) }
    bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
  }

  mutating func append(hexadecimal octets: [UInt8]) {
    Hexadecimal.append(octets, to: &bytes)
  }
}

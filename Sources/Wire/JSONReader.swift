/// Why a text is no JSON that is read here. The fault of whoever wrote it.
public struct JSONFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Counted from 1.
  public let line: Int
  /// In words for a person.
  public let reason: String

  public var description: String { "line \(line): \(reason)" }
}

extension JSONValue {
  /// Reads one value and nothing besides. Nested at most 16 deep; a name twice in one object,
  /// numbers that are no whole ones, and half of a surrogate pair are refused.
  public init(_ text: [UInt8]) throws(JSONFault) {
    var reader = JSONReader(text)
    self = try reader.document()
  }
}

private struct JSONReader {
  private static let depthLimit = 16

  private let text: [UInt8]
  private var position = 0

  init(_ text: [UInt8]) { self.text = text }

  mutating func document() throws(JSONFault) -> JSONValue {
    let value = try value(depth: 0)
    skipBlanks()
    guard position == text.count else { throw fault("there is more after the value") }
    return value
  }

  private func fault(_ reason: String) -> JSONFault {
    JSONFault(line: 1 + text[..<position].count { $0 == UInt8(ascii: "\n") }, reason: reason)
  }

  // MARK: Bytes

  private var next: UInt8? { position < text.count ? text[position] : nil }

  private var isAtDigit: Bool {
    next.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
  }

  private mutating func skipBlanks() {
    while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { position += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(JSONFault) {
    skipBlanks()
    guard take(UInt8(ascii: character)) else { throw fault("a \(character) is missing") }
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    let end = position + word.utf8CodeUnitCount
    guard end <= text.count else { return false }
    let isThere = word.withUTF8Buffer { unsafe text[position..<end].elementsEqual($0) }
    if isThere { position = end }
    return isThere
  }

  // MARK: Values

  private mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
    guard depth <= Self.depthLimit else { throw fault("it is nested too deep") }
    skipBlanks()
    switch next {
    case UInt8(ascii: "{"): return .object(try members(depth: depth))
    case UInt8(ascii: "["): return .array(try elements(depth: depth))
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "-"): return .integer(try integer())
    default:
      if isAtDigit { return .integer(try integer()) }
      if takeWord("true") { return .bool(true) }
      if takeWord("false") { return .bool(false) }
      if takeWord("null") { return .null }
      throw fault("a value is missing")
    }
  }

  private mutating func members(depth: Int) throws(JSONFault) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    var names: Set<String> = []
    position += 1
    skipBlanks()
    if take(UInt8(ascii: "}")) { return [] }
    repeat {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw fault("a name in quotes is missing") }
      let name = try string()
      guard names.insert(name).inserted else { throw fault("a name comes twice") }
      try expect(":")
      members.append(JSONValue.Member(name, try value(depth: depth + 1)))
      skipBlanks()
    } while take(UInt8(ascii: ","))
    try expect("}")
    return members
  }

  private mutating func elements(depth: Int) throws(JSONFault) -> [JSONValue] {
    var elements: [JSONValue] = []
    position += 1
    skipBlanks()
    if take(UInt8(ascii: "]")) { return [] }
    repeat {
      elements.append(try value(depth: depth + 1))
      skipBlanks()
    } while take(UInt8(ascii: ","))
    try expect("]")
    return elements
  }

  private mutating func integer() throws(JSONFault) -> Int64 {
    let start = position
    _ = take(UInt8(ascii: "-"))
    let first = position
    while isAtDigit { position += 1 }
    guard let value = Int64(String(decoding: text[start..<position], as: UTF8.self)),
      position - first == 1 || text[first] != UInt8(ascii: "0")
    else { throw fault("a number is not right, or too large") }
    if let byte = next, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(byte) {
      throw fault("a number is not a whole one")
    }
    return value
  }

  private mutating func string() throws(JSONFault) -> String {
    position += 1
    var units: [UInt16] = []
    var bytes: [UInt8] = []
    var result = ""
    // Plain text is UTF-8, escapes are UTF-16: each run is decoded by itself.
    func flush(_ result: inout String, _ bytes: inout [UInt8], _ units: inout [UInt16]) -> Bool {
      let plain = String(validating: bytes, as: UTF8.self)
      let escaped = String(validating: units, as: UTF16.self)
      guard let plain, let escaped else { return false }
      result += plain + escaped
      bytes = []
      units = []
      return true
    }
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard flush(&result, &bytes, &units) else { throw fault("a text is no Unicode") }
        return result
      case UInt8(ascii: "\\"):
        if units.isEmpty, !flush(&result, &bytes, &units) { throw fault("a text is no Unicode") }
        units.append(try escape())
      case ..<0x20: throw fault("a text is not closed on its line")
      default:
        if !units.isEmpty, !flush(&result, &bytes, &units) { throw fault("a text is no Unicode") }
        bytes.append(byte)
      }
    }
    throw fault("a text is not closed")
  }

  private mutating func escape() throws(JSONFault) -> UInt16 {
    guard let byte = next else { throw fault("a text is not closed") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(byte)
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "f"): return 0x0c
    case UInt8(ascii: "n"): return 0x0a
    case UInt8(ascii: "r"): return 0x0d
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "u"):
      let digits = text[position..<min(position + 4, text.count)]
      guard digits.count == 4, digits.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
        let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
      else { throw fault("an escape is not right") }
      position += 4
      return unit
    default: throw fault("an escape is not right")
    }
  }
}

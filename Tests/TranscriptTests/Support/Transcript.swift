import SecretMemory

/// A transcript as its file has it. `Transcripts/README.md` describes the format.
struct Transcript: Equatable {
  /// Bytes, written in hexadecimal or, where they are a word of text, quoted.
  struct Value: Equatable {
    let bytes: [UInt8]
    var isText = false

    /// As an error shows it: whole when it is short.
    var excerpt: String { isText ? "\"\(text)\"" : hexadecimal(bytes.prefix(48)) }
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  enum Entry: Equatable {
    case section(String)
    case field(String, Value)
  }

  /// What the file is about, in a sentence.
  var comment: String
  /// `success`, or the step at which the last message has to be refused.
  var expect: String
  var entries: [Entry] = []

  private static let bytesPerLine = 32
  private static let indentation = "  "

  /// The file.
  var text: String {
    var lines = ["comment: \(comment)", "expect: \(expect)"]
    for entry in entries {
      switch entry {
      case .section(let title): lines += ["", "[\(title)]"]
      case .field(let name, let value): lines += Self.lines(name, value)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A long value goes on in indented lines.
  private static func lines(_ name: String, _ value: Value) -> [String] {
    if value.isText { return ["\(name) = \"\(value.text)\""] }
    guard value.bytes.count > bytesPerLine else {
      return value.bytes.isEmpty ? ["\(name) ="] : ["\(name) = \(hexadecimal(value.bytes))"]
    }
    let parts = stride(from: 0, to: value.bytes.count, by: bytesPerLine).map { start in
      indentation + hexadecimal(value.bytes[start...].prefix(bytesPerLine))
    }
    return ["\(name) ="] + parts
  }

  init(comment: String, expect: String) {
    self.comment = comment
    self.expect = expect
  }

  /// Reads a file.
  init(parsing text: String) throws {
    comment = ""
    expect = ""
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      if line.hasPrefix("comment: ") {
        comment = String(line.dropFirst("comment: ".count))
      } else if line.hasPrefix("expect: ") {
        expect = String(line.dropFirst("expect: ".count))
      } else if line.hasPrefix("["), line.hasSuffix("]") {
        entries.append(.section(String(line.dropFirst().dropLast())))
      } else if line.hasPrefix(" ") {
        try continueValue(with: line)
      } else {
        entries.append(try Self.field(line))
      }
    }
  }

  private static func field(_ line: Substring) throws -> Entry {
    guard let equals = line.firstIndex(of: "=") else {
      throw TranscriptProblem("no field: \(line)")
    }
    let name = line[..<equals].split(separator: " ").joined()
    let value = line[line.index(after: equals)...].drop { $0 == " " }
    if value.hasPrefix("\""), value.hasSuffix("\""), value.count >= 2 {
      let text = [UInt8](value.dropFirst().dropLast().utf8)
      return .field(name, Value(bytes: text, isText: true))
    }
    return .field(name, Value(bytes: try bytes(hexadecimal: value)))
  }

  private mutating func continueValue(with line: Substring) throws {
    guard case .field(let name, let value)? = entries.popLast(), !value.isText else {
      throw TranscriptProblem("nothing to continue: \(line)")
    }
    let more = try bytes(hexadecimal: line.drop { $0 == " " })
    entries.append(.field(name, Value(bytes: value.bytes + more)))
  }
}

/// What is wrong with a transcript, or different from it.
struct TranscriptProblem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Two lower-case digits a byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}

private func bytes(hexadecimal digits: Substring) throws -> [UInt8] {
  let values = digits.compactMap(\.hexDigitValue)
  guard values.count == digits.count, values.count.isMultiple(of: 2) else {
    throw TranscriptProblem("not hexadecimal: \(digits)")
  }
  return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
}

@_spi(_Unicode) internal import Swift

/// One name in the path of an entry: what every reader takes for the same thing, on every system
/// that it may be copied to (CVE-2023-43616 and its family).
///
/// A *clean* name has 1 to 255 bytes of UTF-8 in normalisation form C, and none of: "." and "..",
/// slashes, backslashes and colons, whatever a terminal does not show as it is (`SafeText`), blanks
/// at either end, a dot at the end, names that other systems reserve, and names of our own partial
/// folders.
public enum EntryName {
  /// In UTF-8.
  public static let byteLimit = 255

  /// Whether a receiver takes the name.
  public static func isClean(_ name: String) -> Bool {
    let count = name.utf8.count
    guard count >= 1, count <= byteLimit, let first = name.unicodeScalars.first,
      let last = name.unicodeScalars.last
    else { return false }
    return name.unicodeScalars.allSatisfy(isAllowed) && !isBlank(first) && !isBlank(last)
      && last != "." && !isReserved(name) && isNormal(name)
  }

  /// The nearest clean name. Invisible characters are left out, all others that are not allowed
  /// become "_".
  ///
  /// - Parameter bytes: As the sender's system has it, UTF-8 or not.
  public static func cleaned(_ bytes: [UInt8]) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      if isAllowed(scalar) {
        scalars.append(scalar)
      } else if !isInvisible(scalar) {
        scalars.append("_")
      }
    }
    var name = normal(String(scalars))
    while let first = name.unicodeScalars.first, isBlank(first) {
      name.unicodeScalars.removeFirst()
    }
    name = withoutTail(name)
    if name.utf8.count > byteLimit { name = shortened(name, to: byteLimit) }
    if isReserved(name) { name = "_" + name }
    return isClean(name) ? name : "_"
  }

  /// The same name with a number, for a second entry of it: `report (2).pdf`.
  public static func numbered(_ name: String, _ number: Int) -> String {
    let suffix = " (\(number))"
    let dot = name.lastIndex(of: ".").flatMap { $0 == name.startIndex ? nil : $0 }
    var stem = dot.map { String(name[..<$0]) } ?? name
    var tail = dot.map { String(name[$0...]) } ?? ""
    // What is so long is no extension that anybody goes by.
    if tail.utf8.count > 32 { (stem, tail) = (name, "") }
    let limit = byteLimit - suffix.utf8.count - tail.utf8.count
    let result = shortened(stem, to: limit) + suffix + tail
    return isClean(result) ? result : "_" + suffix
  }

  // MARK: Characters

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    scalar != "/" && scalar != "\\" && scalar != ":" && !SafeText.isHidden(scalar)
  }

  /// What leaves no gap when it is left out.
  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isDefaultIgnorableCodePoint || scalar.properties.generalCategory == .format
  }

  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .spaceSeparator
  }

  private static func isNormal(_ name: String) -> Bool {
    name.utf8.elementsEqual(normal(name).utf8)
  }

  /// Unicode's normalisation form C.
  private static func normal(_ name: String) -> String {
    if name.utf8.allSatisfy({ $0 < 0x80 }) { return name }
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: name._nfc)
    return String(scalars)
  }

  private static func withoutTail(_ name: String) -> String {
    var name = name
    while let last = name.unicodeScalars.last, isBlank(last) || last == "." {
      name.unicodeScalars.removeLast()
    }
    return name
  }

  /// As much of the beginning, whole characters, as has at most `limit` bytes.
  private static func shortened(_ name: String, to limit: Int) -> String {
    guard name.utf8.count > limit else { return name }
    var result = ""
    for character in name {
      guard result.utf8.count + character.utf8.count <= limit else { break }
      result.append(character)
    }
    return withoutTail(result)
  }

  // MARK: Names

  private static let devices: Set<String> = {
    var names: Set = ["con", "prn", "aux", "nul", "conin$", "conout$"]
    for digit in "0123456789¹²³" { names.formUnion(["com\(digit)", "lpt\(digit)"]) }
    return names
  }()

  /// Names of devices, whatever follows a dot, and those of partial folders.
  private static func isReserved(_ name: String) -> Bool {
    let lower = name.lowercased()
    if lower.hasPrefix(".trent-"), lower.hasSuffix(".partial") { return true }
    let stem = lower.prefix { $0 != "." }
    return devices.contains(withoutTail(String(stem)))
  }
}

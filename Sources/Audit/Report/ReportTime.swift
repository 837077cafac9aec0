/// Moments as seconds since 1970, in UTC, read from records and written at axes.
enum ReportTime {
  private static let day = 86_400

  /// Of `2026-01-02T03:04:05.678Z`; nil when it is anything else.
  static func seconds(_ text: String) -> Int? {
    let bytes = [UInt8](text.utf8)
    guard bytes.count == 24, bytes[23] == UInt8(ascii: "Z") else { return nil }
    let marks: [(Int, UInt8)] = [
      (4, UInt8(ascii: "-")), (7, UInt8(ascii: "-")), (10, UInt8(ascii: "T")),
      (13, UInt8(ascii: ":")), (16, UInt8(ascii: ":")), (19, UInt8(ascii: ".")),
    ]
    for (place, mark) in marks where bytes[place] != mark { return nil }
    guard let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
      let dayOfMonth = number(bytes[8..<10]), let hour = number(bytes[11..<13]),
      let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
      number(bytes[20..<23]) != nil, (1970...9999).contains(year), (1...12).contains(month),
      (1...31).contains(dayOfMonth), hour < 24, minute < 60, second < 61
    else { return nil }
    return days(year, month, dayOfMonth) * day + hour * 3600 + minute * 60 + second
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    var number = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      number = number * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return number
  }

  /// Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that the leap
  /// day is a year's last one.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
  }

  private static func date(_ seconds: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = seconds / day + 719_468
    let (era, ofEra) = (shifted / 146_097, shifted % 146_097)
    let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let dayOfYear = ofEra - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    return (
      year + era * 400 + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9,
      dayOfYear - (153 * month + 2) / 5 + 1
    )
  }

  private static func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }

  static func dayText(_ seconds: Int) -> String {
    let date = date(seconds)
    return "\(date.year)-\(two(date.month))-\(two(date.day))"
  }

  static func text(_ seconds: Int) -> String {
    let clock = "\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    return "\(dayText(seconds)) \(clock)"
  }

  /// At an axis whose marks are `step` apart: no more than tells them apart.
  static func axisText(_ seconds: Int, step: Int) -> String {
    if step >= day { return dayText(seconds) }
    let clock = "\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60))"
    if seconds % day == 0 { return dayText(seconds) }
    return step >= 60 ? clock : "\(clock):\(two(seconds % 60))"
  }
}

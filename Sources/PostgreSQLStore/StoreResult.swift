#if PostgreSQL
internal import CPostgreSQL
internal import SecretMemory

/// What a statement has brought: rows of text.
@safe final class StoreResult {
  private let handle: OpaquePointer

  init(_ handle: OpaquePointer) { unsafe self.handle = handle }

  deinit { unsafe PQclear(handle) }

  var status: ExecStatusType { unsafe PQresultStatus(handle) }

  var rowCount: Int { unsafe Int(PQntuples(handle)) }

  /// How many rows a statement has changed.
  var changedCount: Int { unsafe Int(String(cString: PQcmdTuples(handle))) ?? 0 }

  func isNull(_ row: Int, _ column: Int) -> Bool {
    unsafe PQgetisnull(handle, Int32(row), Int32(column)) == 1
  }

  /// A value that is text; nil for NULL.
  func text(_ row: Int, _ column: Int) -> String? {
    withValue(row, column) { String(decoding: [UInt8]($0), as: UTF8.self) }
  }

  func number(_ row: Int, _ column: Int) -> Int? { text(row, column).flatMap { Int($0) } }

  /// Calls `body` with a value as it lies there; nil for NULL.
  func withValue<Answer>(_ row: Int, _ column: Int, _ body: (RawSpan) -> Answer?) -> Answer? {
    guard !isNull(row, column), let value = unsafe PQgetvalue(handle, Int32(row), Int32(column))
    else { return nil }
    let count = unsafe Int(PQgetlength(handle, Int32(row), Int32(column)))
    let bytes = unsafe UnsafeRawBufferPointer(start: value, count: count)
    return unsafe body(RawSpan(_unsafeBytes: bytes))
  }

  /// What went wrong, if something did.
  var failure: StoreFailure {
    let message = unsafe String(cString: PQresultErrorMessage(handle))
    // PG_DIAG_SQLSTATE is a macro over a character.
    let state = unsafe PQresultErrorField(handle, Int32(UInt8(ascii: "C")))
    return StoreFailure(
      .refused(state: unsafe state.map { unsafe String(cString: $0) } ?? ""), message)
  }
}
#endif

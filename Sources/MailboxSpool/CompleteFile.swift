internal import Cryptography
internal import DurableFiles
internal import MailboxService
internal import SecretMemory
internal import Wire

/// A complete deposit on the disk: head, body and trailer.
struct CompleteFile: ~Copyable {
  let file: OpenFile
  let head: DepositHead
  let trailer: DepositTrailer

  /// Reads how it begins and ends.
  ///
  /// - Parameters:
  ///   - receiver: in whose box it is.
  ///   - number: its name there.
  init(
    _ opened: consuming OpenFile, for receiver: PrincipalName, _ number: UInt64
  ) throws(DepositFault) {
    let size: UInt64
    do throws(FileFailure) { size = try opened.size() ?? 0 } catch { throw .unreadable(error) }
    let least = UInt64(DepositHead.byteCount + DepositTrailer.byteCount)
    guard size >= least else { throw .damaged("it is too short") }
    let first = try Self.read(opened, at: 0, DepositHead.byteCount)
    let last = try Self.read(
      opened, at: size - UInt64(DepositTrailer.byteCount), DepositTrailer.byteCount)
    let (head, trailer): (DepositHead, DepositTrailer)
    do throws(WireError) {
      (head, trailer) = (try DepositHead(first.bytes), try DepositTrailer(last.bytes))
    } catch {
      throw .damaged("it is not a deposit")
    }
    guard head.reservation.byteCount == size - least else {
      throw .damaged("it has not as many bytes as it should")
    }
    guard head.reservation.receiver == receiver, trailer.number == number else {
      throw .damaged("it belongs elsewhere")
    }
    file = opened
    self.head = head
    self.trailer = trailer
  }

  var item: Boxes.Item {
    let known = head.reservation
    return Boxes.Item(
      receiver: known.receiver,
      WaitingDeposit(
        number: trailer.number, sender: known.sender, stored: trailer.stored,
        byteCount: known.byteCount, id: known.id))
  }

  /// Reads all of it, and compares.
  func verify() throws(DepositFault) {
    var hasher = SHA256Hasher()
    let end = UInt64(DepositHead.byteCount) + head.reservation.byteCount
    let isWhole: Bool
    do throws(FileFailure) {
      isWhole = try hasher.update(from: file, upTo: end)
    } catch {
      throw .unreadable(error)
    }
    guard isWhole else { throw .damaged("it ends too early") }
    let found = DepositTrailer(
      number: trailer.number, stored: trailer.stored, after: hasher)
    guard found == trailer else { throw .damaged("its content is not what was stored") }
  }

  private static func read(
    _ file: borrowing OpenFile, at offset: UInt64, _ count: Int
  ) throws(DepositFault) -> [UInt8] {
    let bytes: [UInt8]
    do throws(FileFailure) {
      bytes = try file.bytes(at: offset, count: count)
    } catch {
      throw .unreadable(error)
    }
    guard bytes.count == count else { throw .damaged("it is too short") }
    return bytes
  }
}

extension SHA256Hasher {
  /// Takes in the first bytes of a file.
  ///
  /// - Returns: false when it has not as many.
  mutating func update(
    from file: borrowing OpenFile, upTo end: UInt64
  ) throws(FileFailure) -> Bool {
    var offset: UInt64 = 0
    while offset < end {
      let count = Int(min(1 << 20, end - offset))
      let piece = try file.bytes(at: offset, count: count)
      update(piece.bytes)
      guard piece.count == count else { return false }
      offset += UInt64(count)
    }
    return true
  }
}

import Testing
import Transport

@Suite("Frames between peers")
struct PeerFrameTests {
  private func header(_ type: UInt8, _ count: Int) -> [UInt8] {
    [type, UInt8(count >> 16), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]
  }

  private func feed(
    _ assembler: inout PeerFrameAssembler, _ bytes: [UInt8]
  ) throws(TransportFailure) -> [PeerFrame] {
    try assembler.feed(unsafe bytes.span.bytes)
  }

  @Test("A header survives the trip at both ends of its range", arguments: PeerFrameType.allCases)
  func headerRoundTrip(_ type: PeerFrameType) throws {
    for count in [0, 1, 255, 256, 65_535, type.payloadLimit] {
      let header = try PeerFrameHeader(type: type, payloadCount: count)
      #expect(header.bytes == self.header(type.rawValue, count))
      #expect(try PeerFrameHeader(unsafe header.bytes.span.bytes) == header)
    }
  }

  @Test("One byte over the limit of the type is refused", arguments: PeerFrameType.allCases)
  func overTheLimit(_ type: PeerFrameType) {
    let tooLarge = TransportFailure.messageTooLarge(limit: type.payloadLimit)
    for count in [type.payloadLimit + 1, 0xff_ffff] {
      #expect(throws: tooLarge) { try PeerFrameHeader(type: type, payloadCount: count) }
      let bytes = header(type.rawValue, count)
      #expect(throws: tooLarge) { try PeerFrameHeader(unsafe bytes.span.bytes) }
    }
  }

  @Test("Only the five types are known")
  func unknownTypes() {
    for type in UInt8.min...UInt8.max where PeerFrameType(rawValue: type) == nil {
      let bytes = header(type, 1)
      #expect(throws: TransportFailure.malformedFrame) {
        try PeerFrameHeader(unsafe bytes.span.bytes)
      }
    }
    #expect(PeerFrameType.allCases.map(\.rawValue) == [1, 2, 3, 4, 5])
  }

  @Test("A header has four bytes", arguments: [0, 1, 2, 3, 5])
  func headerLength(_ count: Int) {
    let bytes = [UInt8](([3, 0, 0, 1, 9] as [UInt8])[..<count])
    #expect(throws: TransportFailure.malformedFrame) {
      try PeerFrameHeader(unsafe bytes.span.bytes)
    }
  }

  @Test("Frames come out the same however the bytes are cut, and never before their last byte")
  func everyCut() throws {
    let frames = [
      PeerFrame(type: .handshakeMessage1, payload: [1, 2, 3]),
      PeerFrame(type: .record, payload: []),
      PeerFrame(type: .lastChunk, payload: [UInt8](repeating: 7, count: 300)),
    ]
    let stream = frames.flatMap { header($0.type.rawValue, $0.payload.count) + $0.payload }
    let ends = [7, 11, stream.count]
    for cut in 0...stream.count {
      var assembler = PeerFrameAssembler(payloadLimit: 300)
      let before = try feed(&assembler, [UInt8](stream[..<cut]))
      #expect(before.count == ends.count { $0 <= cut })
      #expect(try before + feed(&assembler, [UInt8](stream[cut...])) == frames)
    }
    var assembler = PeerFrameAssembler(payloadLimit: 300)
    #expect(try stream.flatMap { try feed(&assembler, [$0]) } == frames)
  }

  @Test("A reader that takes only what is wanted stops at the end of each frame")
  func bytesWanted() throws {
    var assembler = PeerFrameAssembler(payloadLimit: 100)
    #expect(assembler.bytesWanted == 4)
    _ = try feed(&assembler, [3, 0])
    #expect(assembler.bytesWanted == 2)
    _ = try feed(&assembler, [0, 5])
    #expect(assembler.bytesWanted == 5)
    _ = try feed(&assembler, [1, 1])
    #expect(assembler.bytesWanted == 3)
    #expect(try feed(&assembler, [1, 1, 1]).count == 1)
    #expect(assembler.bytesWanted == 4)
  }

  @Test("A promise over the assembler's own limit is refused at the header, and for good")
  func promiseRefused() {
    var assembler = PeerFrameAssembler(payloadLimit: 1000)
    #expect(throws: TransportFailure.messageTooLarge(limit: 1000)) {
      try feed(&assembler, header(1, 1001))
    }
    #expect(throws: TransportFailure.messageTooLarge(limit: 1000)) {
      try feed(&assembler, header(1, 1) + [0])
    }
  }

  @Test("Random bytes give frames within the limits or an error, never a trap")
  func junk() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var assembler = PeerFrameAssembler(payloadLimit: 64)
      let junk = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        UInt8.random(in: 0...6, using: &random)
      }
      do {
        for frame in try feed(&assembler, junk) { #expect(frame.payload.count <= 64) }
      } catch {
        #expect(
          error == .malformedFrame || error == .messageTooLarge(limit: 64)
            || error == .messageTooLarge(limit: 65_535)
            || error == .messageTooLarge(limit: 1_048_592))
      }
    }
  }
}

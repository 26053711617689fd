import Kernels
import MemoryModel
import Testing

@Suite struct GridFitterTests {
  static let every = Array(1...255)

  /// Numbers that are multiples of a scale, rounded as `kind` rounds them.
  private func planted(
    _ kind: GridKind, scale: Float, largest: Int, count: Int, divides: Bool = false, _ random: inout SeededRandom
  ) -> [Float] {
    let products = GridProducts(kind: kind, divides: divides)
    return (0..<count).map { index in
      let code = index == 0 ? largest : Int.random(in: -largest...largest, using: &random)
      return kind.value(products.word(Float(code), scale: scale))
    }
  }

  @Test(arguments: GridKind.allCases, [1, 2, 7, 8, 15, 127])
  func aPlantedScaleIsFoundToTheBit(kind: GridKind, largest: Int) throws {
    var random = SeededRandom("planted scales")
    let fitter = GridFitter(kind: kind, book: .integers(largest: Self.every))
    for round in 0..<50 {
      let scale =
        round % 2 == 0
        ? Float.random(in: 1e-3...1, using: &random) : kind.value(kind.word(.random(in: 1e-3...1, using: &random)))
      let numbers = planted(kind, scale: scale, largest: largest, count: 200, &random)
      var codes = [Int16](repeating: 0, count: 200)
      let fit = try #require(unsafe fitter.scale(numbers, count: 200, misfits: 0, into: &codes), "\(kind) \(scale)")
      #expect(fit.exceptions == 0)
      let products = GridProducts(kind: kind, divides: false)
      for (number, code) in zip(numbers, codes) {
        #expect(kind.value(products.word(Float(code), scale: fit.scale)) == number)
      }
      #expect(codes.map(abs).max()! <= largest, "the grid is no finer than the one that was planted")
    }
  }

  @Test func scalesThatDivideAreFound() throws {
    var random = SeededRandom("scales that divide")
    let fitter = GridFitter(kind: .f32, book: .integers(largest: Self.every), divides: true)
    for _ in 0..<50 {
      let numbers = planted(
        .f32, scale: .random(in: 1...100, using: &random), largest: 127, count: 100, divides: true, &random)
      var codes = [Int16](repeating: 0, count: 100)
      #expect(unsafe fitter.scale(numbers, count: 100, misfits: 0, into: &codes)?.exceptions == 0)
    }
  }

  @Test(arguments: GridKind.allCases) func denseNumbersHaveNoScale(kind: GridKind) {
    var random = SeededRandom("dense numbers")
    let fitter = GridFitter(kind: kind, book: .integers(largest: Array(1...64)))
    for _ in 0..<200 {
      let numbers = (0..<64).map { _ in kind.value(kind.word(.random(in: -1...1, using: &random))) }
      var codes = [Int16](repeating: 0, count: 64)
      #expect(unsafe fitter.scale(numbers, count: 64, misfits: 0, into: &codes) == nil)
    }
  }

  @Test func misfitsAreCountedAndMarked() throws {
    var random = SeededRandom("misfits")
    let fitter = GridFitter(kind: .f32, book: .integers(largest: [7]))
    var numbers = planted(.f32, scale: 0.37, largest: 7, count: 128, &random)
    numbers[5] = 0.1234
    numbers[77] = .nan
    var codes = [Int16](repeating: 0, count: 128)
    #expect(unsafe fitter.scale(numbers, count: 128, misfits: 1, into: &codes) == nil)
    let fit = try #require(unsafe fitter.scale(numbers, count: 128, misfits: 2, into: &codes))
    #expect(fit.exceptions == 2)
    #expect(codes.indices.filter { codes[$0] == GridProducts.exception } == [5, 77])
  }

  @Test(arguments: GridKind.allCases) func listedLevelsAreFound(kind: GridKind) throws {
    var random = SeededRandom("listed levels")
    let levels: [Float] = [-1, -0.69, -0.4, -0.09, 0, 0.16, 0.44, 1]
    let fitter = GridFitter(kind: kind, book: .listed(levels))
    let products = GridProducts(kind: kind, divides: false)
    for _ in 0..<50 {
      let scale = Float.random(in: 0.01...2, using: &random)
      let places = [7] + (0..<99).map { _ in Int.random(in: 0..<8, using: &random) }
      let numbers = places.map { kind.value(products.word(levels[$0], scale: scale)) }
      var codes = [Int16](repeating: 0, count: 100)
      #expect(unsafe fitter.scale(numbers, count: 100, misfits: 0, into: &codes) != nil)
      #expect(codes == places.map { Int16($0) })
    }
  }

  @Test(arguments: GridKind.allCases, [3, 15]) func offsetsAreFound(kind: GridKind, largest: Int) throws {
    var random = SeededRandom("offsets")
    let fitter = GridFitter(kind: kind, book: .offset(largest: Array(1...31)))
    let products = GridProducts(kind: kind, divides: false)
    for _ in 0..<50 {
      // As in files of F32 that were F16 or BF16: their scales are short.
      let short = kind == .f32 ? GridKind.f16 : kind
      let scale = short.value(short.word(.random(in: 0.01...0.1, using: &random)))
      let offset = short.value(short.word(.random(in: -1 ... -0.2, using: &random)))
      let planted = [0, largest] + (0..<62).map { _ in Int.random(in: 0...largest, using: &random) }
      let numbers = planted.map { kind.value(products.word(Float($0), scale: scale, offset: offset)) }
      var codes = [Int16](repeating: 0, count: 64)
      let found = try #require(unsafe fitter.scaleAndOffset(numbers, count: 64, into: &codes))
      #expect(!codes.contains(GridProducts.exception))
      _ = unsafe products.multiples(
        of: numbers, count: 64, scale: found.scale, offset: found.offset, largest: 31, into: &codes)
      #expect(!codes.contains(GridProducts.exception))
    }
  }

  /// Every set gives what the loops in Swift give, on numbers of any bits and of every length around a vector's.
  @Test(arguments: GridKind.allCases) func allInstructionSetsAgree(kind: GridKind) {
    var random = SeededRandom("instruction sets")
    for count in Array(0...70) + [127, 128, 129, 1000] {
      var numbers = planted(kind, scale: 0.0123, largest: 7, count: max(count, 1), &random)
      for index in numbers.indices where Int.random(in: 0..<20, using: &random) == 0 {
        numbers[index] = kind.value(UInt32(truncatingIfNeeded: random.next()) & (kind == .f32 ? .max : 0xFFFF))
      }
      let scale = kind.value(kind.word(0.0123))
      for divides in [false, true] {
        var reference: [Int16]?
        for set in InstructionSet.available {
          var codes = [Int16](repeating: 99, count: numbers.count + 1)
          let off = unsafe GridProducts(kind: kind, divides: divides).multiples(
            of: numbers, count: count, scale: divides ? 1 / scale : scale, largest: 8, into: &codes, on: set)
          #expect(off == codes.prefix(count).count { $0 == GridProducts.exception })
          #expect(codes == reference ?? codes, "\(set.name), \(count) numbers")
          reference = codes
          let fitter = GridFitter(kind: kind, book: .integers(largest: [7, 8, 1, 2, 3]), divides: divides, on: set)
          let portable = GridFitter(
            kind: kind, book: .integers(largest: [7, 8, 1, 2, 3]), divides: divides, on: .portable)
          var others = codes
          let (a, b) = unsafe (
            fitter.scale(numbers, count: count, misfits: count / 16, into: &codes),
            portable.scale(numbers, count: count, misfits: count / 16, into: &others)
          )
          #expect(a?.scale == b?.scale && a?.exceptions == b?.exceptions, "\(set.name), \(count) numbers")
          #expect(a == nil || codes == others)
        }
      }
    }
  }

  @Test(arguments: [1, 16, 31, 32, 33, 257], [GridKind.bf16, .f32])
  func allInstructionSetsLookUpTheSame(levels: Int, kind: GridKind) {
    var random = SeededRandom("look-up")
    let table = (0..<levels).map { _ in UInt32(truncatingIfNeeded: random.next()) & (kind == .f32 ? .max : 0xFFFF) }
    for count in [0, 1, 15, 16, 17, 31, 32, 33, 200] {
      let codes = (0..<count).map { _ in UInt8.random(in: 0...UInt8(min(levels - 1, 255)), using: &random) }
      for set in InstructionSet.available {
        var words = [UInt8](repeating: 0, count: kind.width * (count + 2))
        unsafe words.withUnsafeMutableBytes {
          unsafe GridProducts.look(up: codes, count: count, table, levels: levels, kind, $0.baseAddress!, 1, on: set)
        }
        let expected =
          [0] + codes.map { table[Int($0)] } + [0]
        #expect(
          unsafe words.withUnsafeBytes { raw in
            expected.indices.allSatisfy { unsafe kind.load(raw.baseAddress!, $0) == expected[$0] }
          })
      }
    }
  }
}

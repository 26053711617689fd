import Kernels
import TensorModel
import Testing

@Suite struct FloatDemandTests {
  private func narrowest(_ values: [Double], in dtype: DType = .f64) -> String {
    var demand = FloatDemand()
    for value in values { demand.add(value) }
    return demand.narrowest(in: dtype).name
  }

  /// The largest and the smallest number of each type, and what is just too much for it.
  @Test(
    arguments: [
      ([], "F4"), ([0, -0.0, 0.5, -6], "F4"), ([7], "F6_E2M3"), ([0.125, 7.5], "F6_E2M3"), ([0.0625, 28], "F6_E3M2"),
      ([0x1p-9, 448], "F8_E4M3"), ([512], "F8_E5M2"), ([0x1p-16, 57344], "F8_E5M2"), ([61440], "BF16"),
      ([0x1p-133], "BF16"), ([0x1.FEp127], "BF16"), ([1.0009765625, 0x1p-24], "F16"), ([65504], "F16"),
      ([0x1.004p0, 65536], "F32"), ([0x1p-149, 0x1.FFFFFEp127], "F32"), ([0x1p-150], "F64"), ([0x1p128], "F64"),
      ([0x1.000001p0], "F64"), ([.leastNonzeroMagnitude], "F64"),
    ] as [([Double], String)])
  func theNarrowestTypeIsTheFirstThatHoldsAll(_ values: [Double], _ name: String) {
    #expect(narrowest(values) == name)
  }

  @Test func aTypeIsNoNarrowerThanItself() {
    #expect(narrowest([0x1p-133], in: .f16) == "F16")
    #expect(narrowest([1], in: .bf16) == "F4")
    #expect(narrowest([448], in: .f8e5m2) == "F8_E5M2")
  }

  @Test func infinityAndNaNNeedTypesThatHaveThem() {
    var demand = FloatDemand()
    demand.addInfinity()
    #expect(demand.narrowest(in: .f32) == .f8e5m2)
    demand.addNaN(mantissa: 0x40_0000, bits: 23)
    #expect(demand.narrowest(in: .f32) == .f8e5m2)
    demand.addNaN(mantissa: 0x60_0001 & ~1 | 0x1_0000, bits: 23)
    #expect(demand.narrowest(in: .f32) == .bf16)
    demand.addNaN(mantissa: 1, bits: 23)
    #expect(demand.narrowest(in: .f32) == .f32)
  }
}

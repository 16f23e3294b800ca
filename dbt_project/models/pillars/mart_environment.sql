{{ pillar_mart("environment", ["ind_waste"]) }}

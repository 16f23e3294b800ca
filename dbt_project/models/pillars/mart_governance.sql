{{ pillar_mart("governance", ["ind_apbd", "ind_spbe"]) }}

"""The names and habits of the demo chain: plain data, nothing drawn. Places are real, companies are invented."""

from __future__ import annotations

from typing import NamedTuple


class StoreEntry(NamedTuple):
    code: str
    name: str
    time_zone: str
    country: str
    size: float  # demand against an average store


class CategoryEntry(NamedTuple):
    name: str
    margin: float  # share of the price that is not cost
    elasticity: float  # mean of its products
    season_amplitude: float  # yearly swing, share of the mean
    season_peak: int  # day of the year
    weekend: bool  # sells most on Fridays and Saturdays, else on weekdays
    pack_size: int
    shelf_life_days: int | None


class SupplierEntry(NamedTuple):
    code: str
    name: str
    lead_time_days: float
    lead_time_sd_days: float
    review_period_days: int
    order_cost: int
    minimum_order_value: int


class ProductEntry(NamedTuple):
    name: str
    price: float
    kind: str = "steady"  # steady, slow, new, dead, growing, fading


# Lisbon keeps another clock than Madrid; both pay in euros.
STORES = (
    StoreEntry("LIS", "Lisboa Chiado", "Europe/Lisbon", "PT", 1.35),
    StoreEntry("MAD", "Madrid Malasaña", "Europe/Madrid", "ES", 1.75),
    StoreEntry("OPO", "Porto Baixa", "Europe/Lisbon", "PT", 1.0),
    StoreEntry("BCN", "Barcelona Gràcia", "Europe/Madrid", "ES", 1.5),
    StoreEntry("VLC", "Valencia Ruzafa", "Europe/Madrid", "ES", 0.85),
    StoreEntry("SVQ", "Sevilla Triana", "Europe/Madrid", "ES", 0.75),
    StoreEntry("COI", "Coimbra Centro", "Europe/Lisbon", "PT", 0.5),
    StoreEntry("BIO", "Bilbao Casco Viejo", "Europe/Madrid", "ES", 0.65),
)

SUPPLIERS = (
    SupplierEntry("ATLANTICO", "Atlântico Coffee Roasters", 4, 0.8, 7, 20, 150),
    SupplierEntry("CASACHA", "Casa do Chá Imports", 14, 3.5, 14, 45, 200),
    SupplierEntry("EBRO", "Molinos del Ebro", 5, 1.0, 7, 25, 120),
    SupplierEntry("DULCE", "Dulce Norte Confectionery", 6, 1.5, 7, 25, 150),
    SupplierEntry("TRATTORIA", "Trattoria Foods", 9, 2.5, 7, 30, 180),
    SupplierEntry("FUENTE", "Fuente Clara Beverages", 2, 0.4, 3, 12, 100),
    SupplierEntry("LIMPIA", "Limpia Hogar", 7, 1.5, 7, 28, 150),
    SupplierEntry("ALOE", "Aloe & Sons Cosmetics", 10, 2.0, 14, 35, 200),
    SupplierEntry("HUELLA", "Huella Pet Supply", 8, 2.0, 7, 28, 120),
    SupplierEntry("PAPELERA", "Papelera Ibérica", 12, 4.5, 14, 40, 120),
    SupplierEntry("SERRA", "Serra Speciality Coffee", 3, 1.2, 7, 18, 120),
    SupplierEntry("JARDIM", "Jardim Herbal", 6, 2.5, 7, 22, 100),
    SupplierEntry("GRANJA", "Granja del Sol", 2, 0.6, 3, 12, 80),
    SupplierEntry("CACAO", "Cacao Bruto", 11, 5.0, 14, 38, 150),
)

CATEGORIES = (
    CategoryEntry("Coffee", 0.42, 1.5, 0.10, 15, True, 6, 365),
    CategoryEntry("Tea", 0.50, 1.2, 0.28, 15, True, 6, 540),
    CategoryEntry("Breakfast", 0.32, 1.4, 0.06, 280, True, 6, 270),
    CategoryEntry("Biscuits & Chocolate", 0.38, 1.9, 0.35, 350, True, 12, 240),
    CategoryEntry("Pasta & Sauces", 0.30, 1.6, 0.10, 330, True, 12, 540),
    CategoryEntry("Cold Drinks", 0.34, 2.1, 0.50, 200, True, 12, 270),
    CategoryEntry("Household", 0.35, 1.3, 0.04, 100, True, 6, None),
    CategoryEntry("Personal Care", 0.45, 1.1, 0.15, 170, True, 6, 720),
    CategoryEntry("Pet", 0.36, 0.8, 0.04, 30, True, 6, 540),
    CategoryEntry("Stationery", 0.55, 0.9, 0.42, 250, False, 10, None),
)

PRODUCTS: dict[str, tuple[ProductEntry, ...]] = {
    "Coffee": (
        ProductEntry("House Blend Ground Coffee 250 g", 4.29),
        ProductEntry("Espresso Beans 500 g", 8.49),
        ProductEntry("Espresso Beans 1 kg", 14.95),
        ProductEntry("Decaf Ground Coffee 250 g", 4.59),
        ProductEntry("Ethiopia Single Origin Beans 250 g", 7.95, "growing"),
        ProductEntry("Coffee Capsules Intenso 10 pack", 3.49),
        ProductEntry("Coffee Capsules Lungo 10 pack", 3.49),
        ProductEntry("Instant Coffee Jar 200 g", 5.29, "fading"),
        ProductEntry("Cold Brew Can 250 ml", 2.49, "new"),
        ProductEntry("Filter Papers No. 4, 100 pack", 2.19),
        ProductEntry("Moka Pot 6 Cups", 24.90, "slow"),
        ProductEntry("Milk Frother Handheld", 14.90, "slow"),
    ),
    "Tea": (
        ProductEntry("English Breakfast 50 Bags", 3.29),
        ProductEntry("Earl Grey 50 Bags", 3.49),
        ProductEntry("Green Tea Sencha 20 Bags", 2.89),
        ProductEntry("Peppermint Infusion 20 Bags", 2.29),
        ProductEntry("Chamomile Infusion 20 Bags", 2.29),
        ProductEntry("Rooibos Vanilla 20 Bags", 2.59),
        ProductEntry("Ginger & Lemon Infusion 20 Bags", 2.69, "growing"),
        ProductEntry("Chai Masala Loose Leaf 100 g", 5.49),
        ProductEntry("Jasmine Pearls Loose Leaf 75 g", 8.90, "slow"),
        ProductEntry("Matcha Ceremonial 30 g", 17.90, "slow"),
        ProductEntry("Glass Teapot 1 l", 22.50, "slow"),
        ProductEntry("Iced Tea Mix Peach 400 g", 3.79),
    ),
    "Breakfast": (
        ProductEntry("Rolled Oats 1 kg", 1.99),
        ProductEntry("Crunchy Granola Honey 500 g", 3.79),
        ProductEntry("Muesli Red Fruit 500 g", 3.59),
        ProductEntry("Corn Flakes 500 g", 2.49),
        ProductEntry("Strawberry Jam 340 g", 2.59),
        ProductEntry("Bitter Orange Marmalade 340 g", 2.79),
        ProductEntry("Rosemary Honey 500 g", 6.49),
        ProductEntry("Peanut Butter Smooth 350 g", 3.69, "growing"),
        ProductEntry("Hazelnut Spread 400 g", 3.99),
        ProductEntry("Pancake Mix 400 g", 2.89),
        ProductEntry("Maple Syrup 250 ml", 6.95, "slow"),
        ProductEntry("Chia Seeds 300 g", 4.49),
    ),
    "Biscuits & Chocolate": (
        ProductEntry("Butter Biscuits 200 g", 1.79),
        ProductEntry("Digestive Biscuits 400 g", 1.99),
        ProductEntry("Chocolate Chip Cookies 225 g", 2.49),
        ProductEntry("Almond Cantuccini 250 g", 3.29),
        ProductEntry("Dark Chocolate 70 % 100 g", 2.19),
        ProductEntry("Milk Chocolate 100 g", 1.69),
        ProductEntry("White Chocolate 100 g", 1.69),
        ProductEntry("Chocolate Truffles Box 200 g", 6.90),
        ProductEntry("Almond Turrón 250 g", 5.95),
        ProductEntry("Wafer Rolls Cocoa 150 g", 2.29),
        ProductEntry("Liquorice Bag 150 g", 1.59, "fading"),
        ProductEntry("Marzipan Figures Gift Box", 9.90, "slow"),
    ),
    "Pasta & Sauces": (
        ProductEntry("Spaghetti 500 g", 1.29),
        ProductEntry("Penne Rigate 500 g", 1.29),
        ProductEntry("Fusilli Wholegrain 500 g", 1.69),
        ProductEntry("Egg Tagliatelle 250 g", 2.29),
        ProductEntry("Tomato & Basil Sauce 400 g", 2.39),
        ProductEntry("Arrabbiata Sauce 400 g", 2.39),
        ProductEntry("Green Pesto 190 g", 2.99),
        ProductEntry("Chopped Tomatoes 400 g", 0.99),
        ProductEntry("Extra Virgin Olive Oil 750 ml", 8.95),
        ProductEntry("Balsamic Vinegar 250 ml", 4.49),
        ProductEntry("Truffle Oil 100 ml", 9.90, "slow"),
        ProductEntry("Gluten-free Penne 400 g", 2.79),
    ),
    "Cold Drinks": (
        ProductEntry("Still Water 1.5 l", 0.59),
        ProductEntry("Sparkling Water 1 l", 0.79),
        ProductEntry("Orange Juice 1 l", 2.29),
        ProductEntry("Apple Juice Cloudy 1 l", 2.19),
        ProductEntry("Cola 330 ml", 0.89),
        ProductEntry("Cola Zero 330 ml", 0.89),
        ProductEntry("Lemonade Mint 330 ml", 1.49),
        ProductEntry("Ginger Beer 330 ml", 1.69),
        ProductEntry("Kombucha Raspberry 330 ml", 2.79, "growing"),
        ProductEntry("Tonic Water 4 × 200 ml", 3.49),
        ProductEntry("Coconut Water 500 ml", 2.59),
        ProductEntry("Elderflower Cordial 500 ml", 5.95, "slow"),
    ),
    "Household": (
        ProductEntry("Kitchen Roll 3 pack", 2.79),
        ProductEntry("Toilet Paper 9 pack", 4.49),
        ProductEntry("Washing-up Liquid 500 ml", 1.89),
        ProductEntry("Laundry Detergent 1.5 l", 7.49),
        ProductEntry("Dishwasher Tablets 40 pack", 7.95),
        ProductEntry("All-purpose Cleaner 750 ml", 2.49),
        ProductEntry("Bin Bags 30 l, 20 pack", 1.99),
        ProductEntry("Sponges 5 pack", 1.49),
        ProductEntry("Aluminium Foil 20 m", 2.69),
        ProductEntry("Beeswax Candle", 5.90, "slow"),
        ProductEntry("LED Bulb E27 8 W", 3.99, "slow"),
        ProductEntry("Descaler for Coffee Machines 250 ml", 5.49),
    ),
    "Personal Care": (
        ProductEntry("Olive Oil Soap Bar 125 g", 2.29),
        ProductEntry("Shower Gel Citrus 250 ml", 2.99),
        ProductEntry("Shampoo Rosemary 300 ml", 4.49),
        ProductEntry("Hand Cream Almond 75 ml", 3.49),
        ProductEntry("Toothpaste Mint 75 ml", 2.19),
        ProductEntry("Bamboo Toothbrush", 2.49),
        ProductEntry("Deodorant Roll-on 50 ml", 2.79),
        ProductEntry("Sunscreen SPF 50 200 ml", 11.90),
        ProductEntry("Cotton Pads 80 pack", 1.69),
        ProductEntry("Beard Oil 30 ml", 9.90, "slow"),
        ProductEntry("Bath Salts Lavender 500 g", 5.49, "slow"),
        ProductEntry("Lip Balm Honey", 2.39),
    ),
    "Pet": (
        ProductEntry("Dry Cat Food Salmon 2 kg", 8.95),
        ProductEntry("Wet Cat Food Chicken 12 × 85 g", 5.99),
        ProductEntry("Cat Litter 10 l", 5.49),
        ProductEntry("Dry Dog Food Lamb 3 kg", 12.95),
        ProductEntry("Wet Dog Food Beef 400 g", 1.79),
        ProductEntry("Dental Sticks for Dogs 7 pack", 2.99),
        ProductEntry("Cat Treats Tuna 60 g", 1.99),
        ProductEntry("Dog Waste Bags 60 pack", 2.49),
        ProductEntry("Bird Seed 1 kg", 2.79),
        ProductEntry("Dog Lead Nylon 1.2 m", 9.90, "slow"),
        ProductEntry("Cat Scratching Board", 7.90, "slow"),
        ProductEntry("Wild Bird Fat Balls 6 pack", 3.29),
    ),
    "Stationery": (
        ProductEntry("Notebook A5 Lined", 3.49),
        ProductEntry("Notebook A4 Squared", 4.29),
        ProductEntry("Ballpoint Pens Blue 10 pack", 3.99),
        ProductEntry("Pencils HB 12 pack", 2.99),
        ProductEntry("Highlighters 4 pack", 3.79),
        ProductEntry("Sticky Notes 6 pads", 2.99),
        ProductEntry("Copy Paper A4 500 sheets", 4.99),
        ProductEntry("Gift Wrap Roll 2 m", 2.49),
        ProductEntry("Greeting Card Birthday", 1.99),
        ProductEntry("Fountain Pen", 19.90, "slow"),
        ProductEntry("DVD-R Spindle 25 pack", 9.90, "dead"),
        ProductEntry("Desk Calendar", 7.90, "slow"),
    ),
}

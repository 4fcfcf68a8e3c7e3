"""What people say of goods and posts in the demo market, and what stores answer: Chinese beside English."""

PRAISE = (
    "比图片还好看，做工很细，会再来。",
    "包装很用心，第二天就到店取了，店员很热情。",
    "质感超出预期，送妈妈她很喜欢。",
    "用了一周才来评价：没有失望。",
    "颜色很正，和店里看到的一样。",
    "已经回购第三次了。",
    "Better than in the pictures. The finish is careful, I will come back.",
    "Collected it at the shop the same day; they had it ready.",
    "A present for my mother, who uses it every day.",
    "Bought again, for the third time.",
    "",
)
MIXED = (
    "东西不错，就是比想象的小一点。",
    "快递慢了一天，商品没问题。",
    "颜色比图片深，看久了也习惯。",
    "Good, though smaller than I thought.",
    "Fine, but the parcel took a day longer than promised.",
)
BLAME = (
    "收到时边角有磕碰，有点失望。",
    "和描述不太一样，不会再买。",
    "味道太淡了，不适合我。",
    "One corner was damaged when it came.",
    "Not what I had expected from the description.",
)
THANKS = (
    "谢谢您的评价，期待您再来。",
    "感谢支持！下次到店请一定打个招呼。",
    "Thank you. We are glad that it found a good home.",
)
SORRY = (
    "很抱歉给您带来不便，请带着订单号到任一门店，我们为您更换。",
    "抱歉没有做好，我们已经联系您处理。",
    "We are sorry. Bring it to any of our shops with the order's number, and we exchange it.",
)
ASKED = (
    ("这个送人合适吗？有礼盒吗？", "有的，结账时备注“礼盒”即可，不另收费。", "我送过，盒子很体面。"),
    ("尺寸偏大还是偏小？", "按平时的尺码选就可以。", "我 165，平时的码正好。"),
    ("西湖店能自提吗？", "商品页的“配送与自提”会显示最近可以自提的门店和时间。", "昨天刚在西湖店取的。"),
    ("能用多久？", "正常使用两三年没有问题，保养方法在包装里。", "用了半年，和新的一样。"),
    ("How do I care for it?", "A soft cloth and lukewarm water; nothing harsh.", "I only rinse it, still like new."),
    (
        "Is it suitable as a present?",
        "Yes; write “gift box” at the checkout, it costs nothing more.",
        "It was, she loved it.",
    ),
)
"""A question, the store's answer and a buyer's."""
COMMENTS = (
    "好美！想去现场看看。",
    "已经下单了，等收货。",
    "这个系列终于上新了！",
    "请问广州什么时候有货？",
    "去年买过，今年再来一次。",
    "雪落在茶山上，真安静。",
    "Beautiful. When does it come to Shenzhen?",
    "Ordered at once.",
    "I have had last year's for months, still my favourite.",
    "What is the light like in reality?",
)
REPLIES = ("我也想知道。", "到店看了，比图片更好。", "同感！", "Same here.", "I saw it in the shop: even nicer.")
